import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { readRfc3339 } from '../core/config/kill-file.js';
import { KILLSWITCH_REASON_MAX_CHARS } from '../core/limits.js';
import { engageSwitch } from '../disk/switch-acts.js';
import { openSwitchFolders } from '../disk/switch-files.js';
import { Misuse } from './args.js';
import { AGENTS, CONFIG, TEXT, TIME } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { switchOf } from './which-switch.js';

export const kill: Command = {
  name: 'kill',
  summary: 'stop every agent, or some, now',
  synopsis: ['[--agent ID|GLOB,…] [--until TIME] [--reason TEXT] [--config FILE] [--json]'],
  about: `
Engages the kill switch: from now on every call is denied and what is in flight is aborted. The same as \`touch\` on the
switch, with a reason and the caller's name. A kill never narrows one that stands. The switch is the one of the settings. Its
path is printed.`,
  flags: {
    agent: {
      takes: AGENTS,
      means: 'one agent only, by a file of its own; or, with * or a comma, all that a pattern names',
    },
    until: {
      takes: TIME,
      means:
        'ends by itself then: RFC 3339, or from now +30m, +2h, +1d. A release has to follow all the same where the settings say `resume_requires: signed`',
    },
    reason: { takes: TEXT, means: 'why, for the record' },
    config: CONFIG,
  },
  exit: { ok: 'the switch is engaged', unknown: 'it could not be' },
  async run(given, io) {
    const { path, source, agent, globs, whom } = switchOf(given, io);
    const untilMs = untilOf(given.text('until'), Date.now());
    const reason = reasonOf(given.text('reason'), callerName(io.env));
    openSwitchFolders(path);
    const done = engageSwitch(source, { reason, agents: globs, untilMs }, randomBytes(4).toString('hex'));
    const scope = agent ?? globs?.join(',') ?? 'all';
    if (given.on('json')) io.out(JSON.stringify({ ok: true, engaged: true, was: done, source, scope }));
    else {
      const until = untilMs === null ? '' : ` until ${new Date(untilMs).toISOString()}`;
      const before = { engaged: '', kept: ' (it was before)', widened: ' (the switch stopped less before)' }[done];
      io.out(`${source}: ${whom} ${agent === null && globs !== null ? 'are' : 'is'} stopped${until}${before}`);
    }
    return EXIT.ok;
  },
};

const FROM_NOW = /^\+([1-9]\d{0,5})([mhd])$/;
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function untilOf(text: string | null, nowMs: number): number | null {
  if (text === null) return null;
  const [, number, unit] = FROM_NOW.exec(text) ?? [];
  const ms = unit === undefined ? readRfc3339(text) : nowMs + Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (ms === null) throw new Misuse(`'${text}' is no time`, 'write 2026-03-01T06:00:00Z, or +30m, +2h, +1d');
  if (ms <= nowMs) throw new Misuse(`'${text}' has passed`, 'without --until the kill stands until it is released');
  return ms;
}

/** What the file says: the reason, and who gave it. */
function reasonOf(text: string | null, caller: string): string {
  const reason = text === null || text === '' ? `by ${caller}` : `${text} (by ${caller})`;
  if ([...reason].length <= KILLSWITCH_REASON_MAX_CHARS) return reason;
  throw new Misuse(`the reason is over ${KILLSWITCH_REASON_MAX_CHARS} characters`, 'with the name of who gives it');
}

/** The name of whoever runs the command, also behind sudo; a number where it has none. */
function callerName(env: CliIo['env']): string {
  let name: string;
  try {
    name = userInfo().username;
  } catch {
    name = `uid ${process.getuid?.() ?? 'unknown'}`;
  }
  const behind = env.SUDO_USER ?? '';
  return process.getuid?.() === 0 && /^[A-Za-z0-9._-]{1,32}$/.test(behind) ? `${behind} as ${name}` : name;
}
