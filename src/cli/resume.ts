import { randomBytes } from 'node:crypto';
import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import { narrowSwitch, releaseSwitch } from '../disk/switch-acts.js';
import { isAbsent, lookAtSwitch, readSwitch } from '../disk/switch-files.js';
import { type Args, Misuse } from './args.js';
import { AGENTS, CONFIG, FILE, ID } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { type Latched, latchedKills, releaseFile } from './latched.js';
import { signRelease } from './sign-release.js';
import { switchOf, type WhichSwitch } from './which-switch.js';

export const resume: Command = {
  name: 'resume',
  summary: 'let every agent, or some, go on',
  synopsis: [
    '[--agent ID|GLOB,…] [--sign KEYFILE] [--config FILE] [--json]',
    '--release ID --log ORIGIN --sign KEYFILE [--out FILE] [--json]',
  ],
  about: `
Releases the kill switch. Each switch is a hold of its own: \`resume\` leaves those of single agents,
\`resume --agent ID\` leaves the one of all; patterns are taken out of the one of all, if they stand there.
Where the settings say \`resume_requires: signed\`, a signed release has to follow: it is said what to sign.`,
  flags: {
    agent: { takes: AGENTS, means: 'one agent only, or what patterns name' },
    sign: {
      takes: { called: 'KEYFILE', is: 'file' },
      means:
        'signs the release with this secret key, here or on a machine of its own with the ID and the log that were said, and puts it into `approvals/`, or FILE. Run it again with another key where several must sign',
    },
    release: { takes: ID, means: 'the kill that is released, as it was said' },
    log: { takes: { called: 'ORIGIN', is: 'text' }, means: 'the log of the kill, as it was said' },
    out: { takes: FILE, means: 'writes the release there' },
    config: CONFIG,
  },
  notes: `
JSON: {"ok", "released", "source", "still_engaged", "latched": [{"id","log","source","scope"}], "signed"}`,
  exit: {
    ok: 'released, or signed',
    no: 'it was not engaged, or a signed release has to follow',
    unknown: 'it could not be released',
  },
  async run(given, io) {
    return given.text('release') !== null || given.text('log') !== null ? elsewhere(given, io) : here(given, io);
  },
};

/** Signs what another machine said: no switch is looked at, and settings only for the place. */
async function elsewhere(given: Args, io: CliIo): Promise<number> {
  const [id, log, key] = [given.text('release'), given.text('log'), given.text('sign')];
  if (id === null || log === null || key === null || given.text('agent') !== null) {
    throw new Misuse(
      '--release, --log and --sign belong together',
      '`checkrd resume` on the stopped machine says both',
    );
  }
  const out =
    given.text('out') ?? releaseFile(readSettings('operator', io, operatorSettingsFile(given.text('config'), io)));
  const signed = signRelease({ id, log }, key, out, io);
  if (given.on('json')) io.out(JSON.stringify({ ok: true, released: false, signed }));
  else io.out(`${signed.file}: the release of ${id}, signed by ${signed.keyIds.join(', ')}`);
  return EXIT.ok;
}

async function here(given: Args, io: CliIo): Promise<number> {
  const which = switchOf(given, io);
  const key = given.text('sign');
  if (key === null && given.text('out') !== null) throw new Misuse('--out goes with --sign');
  const { path, source, agent, globs } = which;
  const released = globs === null ? releaseSwitch(source) : narrowSwitch(source, globs, randomBytes(4).toString('hex'));
  const other = agent !== null && !isAbsent(path);
  const latched = (await latchedKills(which.settings)).filter(kill => isMeant(kill, which));
  const [first, ...more] = latched;
  if (key !== null && (first === undefined || more.length > 0)) {
    const which = latched.map(({ id, log }) => `--release ${id} --log ${log}`).join('\n      ');
    if (first !== undefined)
      throw new Misuse('more than one kill is latched', `sign each, one after the other:\n      ${which}`);
    io.err('hint: no kill is latched, so there is nothing to sign');
  }
  const signed =
    key === null || first === undefined
      ? null
      : signRelease(first, key, given.text('out') ?? releaseFile(which.settings), io);
  const waits = latched.length > 0 && signed === null;
  if (given.on('json')) {
    const still = other ? path : null;
    io.out(
      JSON.stringify({
        ok: (released || signed !== null) && !waits,
        released,
        source,
        still_engaged: still,
        latched,
        signed,
      }),
    );
  } else {
    io.out(`${source}: ${released ? 'released' : 'was not engaged'}`);
    if (other) io.err(`hint: ${path} still stops ${agentsIn(path)?.join(', ') ?? 'every agent'}`);
    if (signed !== null) io.out(`${signed.file}: the release of ${first?.id}, signed by ${signed.keyIds.join(', ')}`);
    else for (const kill of latched) io.err(howToSign(kill));
  }
  return waits || !(released || signed !== null) ? EXIT.no : EXIT.ok;
}

/** Whom the switch of all stops; null: everybody. */
function agentsIn(path: string): readonly string[] | null {
  const entry = lookAtSwitch(path);
  return entry.is === 'present' && entry.regular ? (readSwitch(path, entry.stamp)?.agents ?? null) : null;
}

function isMeant(kill: Latched, { agent, globs, source }: WhichSwitch): boolean {
  if (agent !== null) return kill.source === source;
  return globs === null ? true : kill.source === source && globs.includes(kill.scope);
}

function howToSign({ id, log, source, scope }: Latched): string {
  const whom = scope === 'all' ? 'every agent' : scope;
  return `latched: ${whom} by ${source}; a signed release has to follow. Where the key is:
      checkrd resume --release ${id} --log ${log} --sign KEYFILE --out release.dsse`;
}
