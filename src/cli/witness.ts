/**
 * `checkrd witness`: a second pair of eyes on another machine, which forgets nothing.
 *
 * What it signs is remembered on disk before the signature leaves, so that no two witnesses of one state file can sign two
 * histories. The log's own key is pinned here as everywhere: a note of somebody else's log is refused.
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { boundedText } from '../core/audit/text.js';
import { toHex } from '../core/bytes.js';
import { configDirOf } from '../core/config/resolve.js';
import { cosigned, isWitnessName, type Witness, witnessVkey } from '../core/evidence/cosignature.js';
import { readProof } from '../core/evidence/proof-file.js';
import { originOf } from '../core/evidence/signed-head.js';
import { judgeCheckpoint, type WitnessAnswer, type WitnessRefusal } from '../core/evidence/witness.js';
import { Fault } from '../core/fault.js';
import { ed25519Verify, ensureEd25519 } from '../crypto/ed25519.js';
import { readKeyFile } from '../crypto/read-keys.js';
import { sha256 } from '../crypto/sha256.js';
import { errorCode } from '../disk/error-code.js';
import { Misuse } from './args.js';
import { FILE, KEY } from './flags.js';
import { readInputText } from './input-file.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { logKeys } from './log-keys.js';
import { PROOF_PROBLEMS } from './proof-problems.js';
import { qrAsSvg, qrForTerminal, qrOf } from './qr.js';
import { withMemory } from './witness-state.js';

const PORTS = { sha256, verify: ed25519Verify };

export const witness: Command = {
  name: 'witness',
  summary: 'countersign a checkpoint of a log, on another machine, if the log only grew',
  synopsis: [
    '--name NAME --secret FILE [--key KEY] [--state FILE] [--qr] [--svg FILE] [--json] [REQUEST]',
    '--name NAME --secret FILE --vkey [--json]',
  ],
  about: `
REQUEST (standard input if absent or -) is what \`checkrd prove --old N\` prints, in either format; for a log's first
checkpoint the note alone will do. Prints the note with one more signature (C2SP cosignature/v1) if the log's key signed it
and it follows from what was signed before; \`checkrd verify --expect @NOTE --witness VKEY\` takes it as evidence of the end.`,
  operands: { min: 0, max: 1, what: 'at most one request', takes: { called: 'REQUEST', is: 'file' } },
  flags: {
    name: { takes: { called: 'NAME', is: 'text' }, means: "the witness's name in notes: a URL without its scheme" },
    secret: { takes: FILE, means: "the witness's own key, as `checkrd keygen` makes one" },
    key: {
      takes: KEY,
      means:
        "the log's first public key, or the path of its .pub file; else trust/log/*.pub of the configuration directory",
    },
    state: {
      takes: FILE,
      means:
        'remembers what was signed last of each log; default: witness.json in the configuration directory. Back it up: without it the key must not be used again',
    },
    vkey: { means: 'prints what others need to believe this witness, and signs nothing' },
    qr: { means: 'prints it as a QR code on the terminal' },
    svg: { takes: FILE, means: 'writes it as a QR code to FILE' },
  },
  exit: {
    ok: 'signed',
    no: 'refused (a fork, a smaller log, another key)',
    unknown: 'it cannot be said (no key, a proof is needed, no state)',
  },
  async run(given, io) {
    const [name, secret] = [given.text('name'), given.text('secret')];
    if (name === null || secret === null) throw new Misuse('--name and --secret say who signs');
    if (!isWitnessName(name)) throw new Misuse('--name has a space, a `+` or a control character in it');
    ensureEd25519();
    const signer = readKeyFile(resolve(io.cwd, secret));
    const self: Witness = { name, publicKey: signer.publicKey };
    if (given.on('vkey')) {
      const vkey = witnessVkey(sha256, self);
      io.out(given.on('json') ? JSON.stringify({ vkey }) : vkey);
      return EXIT.ok;
    }
    const keys = logKeys(given.list('key'), io);
    const asked = requestOf(await readInputText(given.words[0] ?? '-', io));
    if (asked === null) throw new Fault('no_proof', { why: 'the request is no checkpoint, with or without a proof' });
    const path = resolve(io.cwd, given.text('state') ?? join(configDirOf(io.env, io.home, io.cwd), 'witness.json'));
    const answer = withMemory(path, memory => {
      const judged = judgeCheckpoint(PORTS, memory, asked, keys);
      return { answer: judged, memory: judged.ok ? judged.memory : null };
    });
    if (!answer.ok) return refuse(answer, asked.note, given.on('json'), io);
    const { origin, size, root } = answer.head;
    const atSeconds = Math.floor(Date.now() / 1000);
    const note = cosigned(sha256, signer.sign, self, asked.note, atSeconds);
    if (note === null) throw new Fault('internal', { what: 'a note that was judged cannot be signed' });
    const svg = given.text('svg');
    if (svg !== null) writeNew(resolve(io.cwd, svg), qrAsSvg(qrOf(note)));
    if (given.on('json')) {
      io.out(JSON.stringify({ ok: true, log: origin, size, root: toHex(root), at_seconds: atSeconds, note }));
    } else await io.write(given.on('qr') ? qrForTerminal(qrOf(note)) : note);
    io.err(boundedText(`signed ${origin} at ${size}:${toHex(root)}`, 512));
    return EXIT.ok;
  },
};

function requestOf(text: string) {
  const proof = readProof(text);
  if (proof?.kind === 'consistency') return proof;
  return originOf(text) === null ? null : { note: text, rotations: [], path: [], oldSize: 0 };
}

const REFUSALS: Readonly<Record<Exclude<WitnessRefusal, keyof typeof PROOF_PROBLEMS>, string>> = {
  fork: 'FORK: the log signed two histories of one size',
  rolled_back: 'the log is smaller than it was when it was signed last',
  proof_needed: 'a proof is needed that leads here from the size that was signed last',
  not_consistent:
    'NOT CONSISTENT: the proof does not lead here from what was signed last; the log is forked, or the proof is wrong',
};
const CANNOT_SAY: readonly WitnessRefusal[] = ['proof_needed', 'no_key'];

function refuse(
  { why, head, last }: Extract<WitnessAnswer, { ok: false }>,
  note: string,
  json: boolean,
  io: CliIo,
): number {
  const sentence =
    why in REFUSALS ? REFUSALS[why as keyof typeof REFUSALS] : PROOF_PROBLEMS[why as keyof typeof PROOF_PROBLEMS];
  if (json) {
    const size = last && { last_size: last.size, last_root: toHex(last.root), last_note: last.note };
    io.out(JSON.stringify({ ok: false, why, ...(head && { log: head.origin, size: head.size, note }), ...size }));
  } else {
    io.err(`error: not signed: ${sentence}`);
    if (last !== null && head !== null) {
      io.err(
        boundedText(`signed last: ${last.size}:${toHex(last.root)}; asked for: ${head.size}:${toHex(head.root)}`, 512),
      );
    }
    if (why === 'proof_needed' && last !== null)
      io.err(`hint: \`checkrd prove --old ${last.size}\` beside the log makes it`);
    if ((why === 'fork' || why === 'not_consistent') && last !== null) {
      io.err('keep both notes; the log signed them, and they are evidence:');
      for (const text of [last.note, note])
        io.err(
          text
            .split('\n')
            .map(line => boundedText(line, 1024))
            .join('\n'),
        );
    }
  }
  return CANNOT_SAY.includes(why) ? EXIT.unknown : EXIT.no;
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    throw new Fault('output_unwritable', { path, why: errorCode(error) }, { cause: error });
  }
}
