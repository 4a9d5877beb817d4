/**
 * Does a file of evidence hold? From its own bytes and a key obtained elsewhere.
 *
 *   in   : the archive of bundle.ts
 *   out  : what it holds, and every thing in it that is not as it says
 *   never: trusts its README, its script or the key it names
 */
import { fromUtf8, toHex } from '../bytes.js';
import { readManifest } from '../policy/layers.js';
import { EVIDENCE_FORMAT } from './bundle.js';
import { checkUnder } from './check-proof.js';
import { namedPolicy } from './named-policy.js';
import { readPath } from './proof-file.js';
import { type EvidencePorts, type HeadRead, readSignedHead } from './signed-head.js';
import { untar } from './tar.js';

export interface BundleReport {
  readonly log: string | null;
  readonly records: number;
  /** Numbers of the first and the last record. */
  readonly first: number | null;
  readonly last: number | null;
  readonly contiguous: boolean;
  readonly policies: readonly string[];
  /** Named by a record, and said to be missing. */
  readonly missingPolicies: readonly string[];
  /** Records older than the key that vouches for them. */
  readonly olderThanKey: number;
  /** Empty: it holds. At most {@link MAX_PROBLEMS}. */
  readonly problems: readonly string[];
}

const MAX_PROBLEMS = 100;

interface StatedRecord {
  readonly index: number;
  readonly checkpoint: number;
  readonly path: readonly Uint8Array[];
}

interface Stated {
  readonly log: string;
  readonly records: readonly StatedRecord[];
  readonly missing: readonly string[];
}

export function checkBundle(ports: EvidencePorts, archive: Uint8Array, anchors: readonly Uint8Array[]): BundleReport {
  const problems: string[] = [];
  const files = untar(archive);
  const held = new Map(files?.map(({ name, bytes }) => [name, bytes]));
  const text = (name: string): string => {
    const bytes = held.get(name);
    return (bytes && fromUtf8(bytes)) ?? '';
  };
  const stated = readStated(text('evidence.json'));
  if (files === null || stated === null) {
    problems.push(files === null ? 'it is no archive as checkrd writes it' : 'evidence.json is not in the known form');
    return { ...NOTHING, problems };
  }
  const lines = text('records.jsonl').split('\n').slice(0, -1);
  if (lines.length !== stated.records.length || lines.length === 0) {
    problems.push('records.jsonl has not the lines that evidence.json speaks of');
  }
  const rotations = text('keys.jsonl').split('\n').slice(0, -1);
  // A signature takes a hundred times as long as a path, and many records share a checkpoint.
  const heads = new Map<number, HeadRead>();
  const headOf = (size: number): HeadRead => {
    const known = heads.get(size) ?? readSignedHead(ports, text(`checkpoints/${size}.txt`), anchors, rotations);
    heads.set(size, known);
    return known;
  };
  const named = new Set<string>();
  let olderThanKey = 0;
  let before = -1;
  for (const [i, { index, checkpoint, path }] of stated.records.entries()) {
    const record = lines[i] ?? null;
    const head = headOf(checkpoint);
    const checked = head.ok ? checkUnder(ports, head.head, { path, index, record }, null) : head;
    if (index <= before) problems.push(`record ${index}: out of order`);
    before = index;
    if (!checked.ok) problems.push(`record ${index}: ${checked.why}`);
    else if (checked.head.origin !== stated.log || checked.head.size !== checkpoint) {
      problems.push(`record ${index}: its checkpoint is of another log, or of another size`);
    } else {
      if (!checked.inEpoch) olderThanKey++;
      const policy = namedPolicy(checked.record);
      if (policy !== null) named.add(policy);
    }
  }
  // Of policies in layers a record names the list of documents; the set grows while it is walked.
  for (const hash of named) {
    const listed = readManifest(held.get(`policies/${hash}`) ?? new Uint8Array()) ?? [];
    for (const { sha256 } of listed) named.add(sha256);
  }
  const policies = [...named].filter(hash => held.has(`policies/${hash}`)).sort();
  for (const hash of policies) {
    if (toHex(ports.sha256(held.get(`policies/${hash}`) as Uint8Array)) !== hash) {
      problems.push(`policies/${hash}: its bytes have another hash`);
    }
  }
  const missingPolicies = [...named].filter(hash => !held.has(`policies/${hash}`)).sort();
  for (const hash of missingPolicies) {
    if (!stated.missing.includes(hash)) problems.push(`policies/${hash}: a record names it, and it is not here`);
  }
  const [first = null, last = null] = [stated.records[0]?.index, stated.records.at(-1)?.index];
  return {
    log: stated.log,
    records: stated.records.length,
    first,
    last,
    contiguous: first !== null && last !== null && last - first + 1 === stated.records.length,
    policies,
    missingPolicies,
    olderThanKey,
    problems: problems.slice(0, MAX_PROBLEMS),
  };
}

const NOTHING = {
  ...{ log: null, records: 0, first: null, last: null, contiguous: false },
  ...{ policies: [], missingPolicies: [], olderThanKey: 0 },
} as const;

function readStated(text: string): Stated | null {
  try {
    const { format, log, records, missing_policies: missing } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (format !== EVIDENCE_FORMAT || typeof log !== 'string' || !Array.isArray(records)) return null;
    if (!Array.isArray(missing) || !missing.every(hash => typeof hash === 'string')) return null;
    const read = records.map(readRecord);
    return read.every(record => record !== null) ? { log, records: read, missing } : null;
  } catch {
    return null;
  }
}

function readRecord(value: unknown): StatedRecord | null {
  const { index, checkpoint, path } = value as Readonly<Record<string, unknown>>;
  const hashes = readPath(path);
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(checkpoint) || hashes === null) return null;
  return { index: index as number, checkpoint: checkpoint as number, path: hashes };
}
