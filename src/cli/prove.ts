import { boundedText } from '../core/audit/text.js';
import { toHex } from '../core/bytes.js';
import { checkConsistency, checkInclusion } from '../core/evidence/check-proof.js';
import type { FoundCheckpoint, Harvested } from '../core/evidence/harvest.js';
import { rotationsTo } from '../core/evidence/key-path.js';
import { type Proof, proofJson, readProof, tlogProofText, witnessRequestText } from '../core/evidence/proof-file.js';
import { Fault } from '../core/fault.js';
import { ed25519Verify } from '../crypto/ed25519.js';
import { sha256 } from '../crypto/sha256.js';
import { type Args, Misuse } from './args.js';
import { expectation } from './expectation.js';
import { ANY, COUNT, FILE, ID, LOG_KEY, QR } from './flags.js';
import { type HarvestedLog, harvestLog, sizeOf } from './harvest-log.js';
import { readInputText } from './input-file.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { logKeys } from './log-keys.js';
import { PROOF_PROBLEMS } from './proof-problems.js';
import { qrForTerminal, qrOf } from './qr.js';
import { FROM } from './restore-from.js';

const PORTS = { sha256, verify: ed25519Verify };

const FORMATS = ['json', 'tlog-proof', 'witness'];

export const prove: Command = {
  name: 'prove',
  summary: 'prove that a record is in a log, or that a log only grew; check such a proof',
  synopsis: [
    '(--request ID | --seq N) [--size N] [--format json|tlog-proof] [--key KEY]... [--from SHIPPER] [--unverified] [--qr] [--json] LOG...',
    '--old N [--size N] [--format json|witness] [--key KEY]... [--from SHIPPER] [--unverified] [--qr] [--json] LOG...',
    '--check PROOF [--key KEY]... [--expect SIZE:ROOT] [--json] [RECORD]',
  ],
  about: `
Reads and verifies the files of one log and prints a proof that stands alone, under the last checkpoint of the record's
epoch, or the log's last one. RECORD is a file with the record that PROOF is about, in any JSON spelling, if it is not in the
proof or you hold it yourself.`,
  operands: { min: 0, max: ANY, what: 'at least one file of the log', takes: FILE },
  flags: {
    request: { takes: ID, means: 'that the decision of this request is in the log' },
    seq: { takes: COUNT, means: 'that the record with this number is in the log' },
    old: { takes: COUNT, means: 'that the first N records are the beginning of the log as it is now' },
    size: { takes: COUNT, means: 'under the checkpoint of this size' },
    format: {
      takes: { called: 'FORMAT', is: FORMATS },
      means: '`tlog-proof` is c2sp.org/tlog-proof, `witness` what `checkrd witness` and other witnesses take',
    },
    check: {
      takes: { called: 'PROOF', is: 'file' },
      means: 'checks PROOF (- is standard input) from its own bytes and the key',
    },
    expect: {
      takes: { called: 'HEAD', is: 'text' },
      means: 'for --old: the size and root that you kept (SIZE:ROOT); without it the old root is what the proof says',
    },
    key: LOG_KEY,
    from: FROM,
    unverified: {
      means: 'go on though the log is not what was written; each proof is checked before it is printed all the same',
    },
    qr: QR,
  },
  exit: {
    ok: 'proven',
    no: 'the proof does not hold',
    unknown: 'nothing can be proven (no key, no checkpoint, tampered)',
  },
  async run(given, io) {
    const modes = ['request', 'seq', 'old', 'check'].filter(mode => given.text(mode) !== null);
    if (modes.length !== 1) throw new Misuse('give one of --request, --seq, --old and --check');
    if (modes[0] === 'check') return await check(given.text('check') as string, given, io);
    if (given.words.length === 0) throw new Misuse('expected at least one file of the log, got nothing');
    const old = sizeOf(given, 'old');
    const text = textOf(given, await (old === null ? included(given, io) : grown(old, given, io)));
    if (given.on('qr')) await io.write(qrForTerminal(qrOf(text)));
    else if (given.on('json') && !text.startsWith('{')) io.out(JSON.stringify({ ok: true, proof: text }));
    else await io.write(text);
    return EXIT.ok;
  },
};

function textOf(given: Args, proof: Proof): string {
  const format = given.text('format') ?? 'json';
  if (format === 'json') return given.on('qr') ? JSON.stringify(JSON.parse(proofJson(proof))) : proofJson(proof);
  if (format === 'tlog-proof' && proof.kind === 'inclusion') return tlogProofText(proof);
  if (format === 'witness' && proof.kind === 'consistency') return witnessRequestText(proof);
  const forms = proof.kind === 'inclusion' ? 'json or tlog-proof' : 'json or witness';
  throw new Misuse(`--format is ${forms} here`);
}

async function included(given: Args, io: CliIo): Promise<Proof> {
  const request = given.text('request');
  const seq = sizeOf(given, 'seq');
  let found: Harvested | null = null;
  const log = await harvestLog(given, io, null, harvested => {
    const { record } = harvested;
    const isIt = request === null ? harvested.seq === seq : record.type === 'decision' && record.request_id === request;
    if (!isIt || found !== null) return false;
    found = harvested;
    return true;
  });
  const what = request === null ? `record ${seq}` : `decision of request ${boundedText(request, 128)}`;
  const record = found as Harvested | null;
  if (record === null) throw new Fault('no_proof', { why: `the ${what} is not in these files` });
  const checkpoint = log.harvest.covering(record.seq);
  if (checkpoint === null) throw new Fault('no_proof', { why: `no checkpoint covers the ${what} yet` });
  const path = log.harvest.tree.inclusion(record.seq, checkpoint.size);
  if (path === null) throw new Fault('no_proof', { why: `the tree around the ${what} is not in these files` });
  const proof = {
    kind: 'inclusion',
    ...signedBy(log, checkpoint),
    index: record.seq,
    record: record.line,
    path,
  } as const;
  // What leaves here has been checked as its receiver will check it.
  const checked = checkInclusion(PORTS, proof, log.keys, null);
  if (!checked.ok) throw new Fault('no_proof', { why: PROOF_PROBLEMS[checked.why] });
  if (!checked.inEpoch)
    io.err('note: the record is older than the key that vouches for it; --size names another checkpoint');
  return proof;
}

async function grown(oldSize: number, given: Args, io: CliIo): Promise<Proof> {
  const log = await harvestLog(given, io, oldSize, () => false);
  const checkpoint = log.harvest.latest();
  if (checkpoint === null) throw new Fault('no_proof', { why: 'there is no such checkpoint in these files' });
  const { tree } = log.harvest;
  const path = oldSize === 0 ? [] : tree.consistency(oldSize, checkpoint.size);
  const oldRoot = tree.root(oldSize);
  if (path === null || oldRoot === null) {
    throw new Fault('no_proof', { why: `the log has no tree of ${oldSize} records below a checkpoint in these files` });
  }
  const proof = { kind: 'consistency', ...signedBy(log, checkpoint), oldSize, oldRoot, path } as const;
  // A first request to a witness has nothing to be consistent with.
  const checked = oldSize === 0 ? null : checkConsistency(PORTS, proof, log.keys, null);
  if (checked?.ok === false) throw new Fault('no_proof', { why: PROOF_PROBLEMS[checked.why] });
  return proof;
}

function signedBy(log: HarvestedLog, { note, keyId }: FoundCheckpoint) {
  return { note, rotations: rotationsTo(keyId, log.rotations) };
}

async function check(word: string, given: Args, io: CliIo): Promise<number> {
  if (given.words.length > 1) throw new Misuse('expected at most one RECORD');
  if (word === '-' && given.words[0] === '-') throw new Misuse('only one of PROOF and RECORD can be standard input');
  const proof = readProof(await readInputText(word, io));
  const keys = logKeys(given.list('key'), io);
  const answer = (exit: number, said: string, more: object): number => {
    if (given.on('json')) io.out(JSON.stringify({ ok: exit === EXIT.ok, ...more }));
    else io.out(boundedText(said, 4096));
    return exit;
  };
  if (proof === null) return answer(EXIT.no, 'DOES NOT HOLD: it is no proof in a known form', { why: 'malformed' });
  const no = (why: keyof typeof PROOF_PROBLEMS): number =>
    answer(
      CANNOT_SAY.has(why) ? EXIT.unknown : EXIT.no,
      `${CANNOT_SAY.has(why) ? 'CANNOT SAY' : 'DOES NOT HOLD'}: ${PROOF_PROBLEMS[why]}`,
      { why },
    );
  if (proof.kind === 'inclusion') {
    const record = given.words[0] === undefined ? null : await readInputText(given.words[0], io);
    const checked = checkInclusion(PORTS, proof, keys, record);
    if (!checked.ok) return no(checked.why);
    const { head, inEpoch } = checked;
    const later = inEpoch
      ? ''
      : `; that key serves only since record ${head.key.from}, so it vouches for an older record`;
    const said = `HOLDS: record ${proof.index} is in ${head.origin} as of ${head.size} records, signed by ${head.key.id}${later}`;
    return answer(EXIT.ok, said, { ...headJson(head), index: proof.index, in_epoch: inEpoch, record: checked.record });
  }
  const expect = expectation(given.text('expect'));
  if (expect !== null && expect.size !== proof.oldSize) return no('other_old_root');
  const checked = checkConsistency(PORTS, proof, keys, expect && Buffer.from(expect.root, 'hex'));
  if (!checked.ok) return no(checked.why);
  const { head, oldRoot } = checked;
  const whose = expect === null ? 'as the proof itself says it' : 'as you kept it';
  const said = `HOLDS: ${head.origin} at ${proof.oldSize}:${toHex(oldRoot)}, ${whose}, is the beginning of it at ${head.size}:${toHex(head.root)}, signed by ${head.key.id}`;
  return answer(EXIT.ok, said, {
    ...headJson(head),
    old_size: proof.oldSize,
    old_root: toHex(oldRoot),
    expected: expect !== null,
  });
}

const CANNOT_SAY = new Set<string>(['no_key', 'no_record', 'no_old_root']);

function headJson(head: {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly key: { readonly id: string };
}) {
  return { log: head.origin, size: head.size, root: toHex(head.root), key_id: head.key.id };
}
