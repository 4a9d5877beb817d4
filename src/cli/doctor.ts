import { gather } from '../agent/doctor/gather.js';
import { type MachinePlaces, THIS_MACHINE } from '../agent/doctor/look-at-machine.js';
import { operatorSettingsFile } from '../agent/read-settings.js';
import { boundedText } from '../core/audit/text.js';
import { counted, type Finding, type Grade } from '../core/doctor/finding.js';
import { judge } from '../core/doctor/judge.js';
import { askDaemon } from '../daemon/ask.js';
import { painter } from './colour.js';
import { CONFIG } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { logHeads } from './log-head.js';

/** @param places another machine's only to try what is found there. */
export function doctorOf(places: MachinePlaces): Command {
  return {
    name: 'doctor',
    summary: 'look at a whole installation and say what to mend',
    synopsis: ['[--config FILE] [--json]'],
    about: `
Looks at a whole installation: settings, policy, owners and modes of every file and of the folders above it, separation,
kill switch, the end of the log against its state, keys, room, sockets, engine, Node, clock. Prints what is wrong and the
command that mends it. Changes nothing and shows no secret. Run it as root to see everything; as another user it says what
it could not see.`,
    flags: {
      config: CONFIG,
    },
    exit: {
      ok: 'nothing is wrong (there may be warnings)',
      no: 'something is wrong',
      unknown: 'nothing wrong was seen but not all could be looked at',
    },
    async run(given, io) {
      const facts = await gather({
        settingsFile: operatorSettingsFile(given.text('config'), io),
        around: io,
        places,
        nowMs: Date.now(),
        heads: logHeads,
        ask: askHealth,
      });
      const findings = judge(facts);
      const counts = counted(findings);
      const exit = counts.failure > 0 ? EXIT.no : counts.unseen > 0 ? EXIT.unknown : EXIT.ok;
      if (given.on('json')) io.out(JSON.stringify({ ok: exit === EXIT.ok, counts, findings }));
      else print(findings, counts, io);
      return exit;
    },
  };
}

export const doctor: Command = doctorOf(THIS_MACHINE);

async function askHealth(socket: string) {
  const answer = await askDaemon(socket, '/healthz');
  return answer.is === 'answered' ? { status: String(answer.body.status) } : { error: answer.why };
}

const COLOURS = { ok: 'green', warning: 'yellow', failure: 'red', unseen: 'yellow' } as const;
const WORDS: Readonly<Record<Grade, string>> = { ok: 'ok', warning: 'warning', failure: 'FAILURE', unseen: 'not seen' };

/** Names of files are not all ours: none moves the cursor of whoever looks. */
const plain = (text: string): string => boundedText(text, 8192);

function print(findings: readonly Finding[], counts: Readonly<Record<Grade, number>>, io: CliIo): void {
  const paint = painter(io);
  for (const { check, grade, where, says, mend, hint } of findings) {
    const place = where === null ? '' : `${where}: `;
    io.out(`${paint(COLOURS[grade], WORDS[grade].padEnd(8))}  ${check.padEnd(18)}  ${plain(place + says)}`);
    if (mend !== null) io.out(`          run: ${plain(mend)}`);
    if (hint !== null) io.out(`          ${plain(hint)}`);
  }
  io.out(`${counts.failure} wrong, ${counts.warning} to know, ${counts.unseen} not seen, ${counts.ok} well`);
}
