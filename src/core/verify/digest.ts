/**
 * A block of lines as evidence, in a form that is cheap to hand from one thread to another.
 *
 * Nearly every line of a sound log follows from the one before it in the same block: same log, next number, `prev` the hash
 * before, nothing in it that speaks of the log itself. Of such a line only its hash is kept; all others are kept whole. What
 * {@link expand} gives back is the same for chain and evidence as what was read, so that a log read by many threads gets
 * the very report that one thread gives.
 *
 * Pure; never throws.
 */
import { utf8 } from '../bytes.js';
import type { Sha256, Sha256Digest, Sha256Text } from '../ports.js';
import { isOrdinary } from './ordinary.js';
import { type Line, type RecordLine, readRecord } from './read-record.js';
import { type Subtrees, subtreesOf } from './subtrees.js';

export interface BlockDigest {
  readonly count: number;
  /** Leaf hashes of all lines, hexadecimal, joined; 64 spaces for a line that is no record. */
  readonly hashes: string;
  /** Index in the block and the line, in order; `place.line` counts from 0 in the block. */
  readonly whole: readonly (readonly [number, Line])[];
  /** Null: the lines are not all records with one number after the other. */
  readonly subtrees: Subtrees | null;
}

const HASH_CHARS = 64;
const NO_HASH = ' '.repeat(HASH_CHARS);
const LF = 0x0a;
/** What records of these types say of the log is for the evidence to read. */
const SPEAKS = new Set(['log_started', 'segment_opened', 'segment_closed', 'key_rotated', 'checkpoint', 'recovered']);
/** What stands for a record that nothing more is asked of. */
const ORDINARY = { record: {}, type: 'decision' } as const;

type Predecessor = Pick<RecordLine, 'log' | 'seq' | 'hash'>;

export interface DigestPorts {
  readonly sha256: Sha256;
  readonly sha256Text: Sha256Text;
  readonly sha256Digest: Sha256Digest;
}

/** @param bytes Complete lines, each with its LF. They are the callee's: each LF is overwritten. */
export function digestBlock(ports: DigestPorts, bytes: Uint8Array): BlockDigest {
  const whole: (readonly [number, Line])[] = [];
  let hashes = '';
  let count = 0;
  /** Of the first line; null: the numbers do not follow. */
  let first: number | null = null;
  let before: Predecessor | null = null;
  let log: Uint8Array = new Uint8Array(0);
  let begin = 0;
  for (let lf = bytes.indexOf(LF); lf !== -1; lf = bytes.indexOf(LF, begin)) {
    if (before !== null && isOrdinary(bytes, begin, lf, { log, seq: before.seq + 1, prev: before.hash })) {
      // The leaf's prefix takes the place of the LF before the line, so that nothing need be copied.
      bytes[begin - 1] = 0;
      const hash = ports.sha256Digest(bytes.subarray(begin - 1, lf));
      before = { log: before.log, seq: before.seq + 1, hash };
    } else {
      const line = readRecord(ports.sha256Text, { file: '', line: count }, bytes.subarray(begin, lf));
      if (line.kind === 'other' || before === null || !follows(line, before)) whole.push([count, line]);
      if (count === 0) first = line.kind === 'record' ? line.seq : null;
      else if (line.kind !== 'record' || line.seq !== (before?.seq ?? Number.NaN) + 1) first = null;
      if (line.kind === 'record' && line.log !== before?.log) log = utf8(line.log);
      before = line.kind === 'record' ? line : null;
    }
    hashes += before?.hash ?? NO_HASH;
    count++;
    begin = lf + 1;
  }
  const subtrees = first === null ? null : subtreesOf(ports.sha256, first, hashes);
  return { count, hashes, whole, subtrees };
}

function follows(line: RecordLine, before: Predecessor): boolean {
  if (line.prev !== before.hash || line.seq !== before.seq + 1 || line.log !== before.log) return false;
  return !SPEAKS.has(line.type) && line.record.sig === undefined;
}

/** Calls `take` with each line of the block, the first of which is line `first` of `file`. */
export function expand(digest: BlockDigest, file: string, first: number, take: (line: Line) => void): void {
  const { count, hashes, whole } = digest;
  let next = 0;
  let log = '';
  let seq = 0;
  let prev = '';
  for (let i = 0; i < count; i++) {
    const place = { file, line: first + i };
    const kept = whole[next];
    if (kept?.[0] === i) {
      next++;
      const line = { ...kept[1], place };
      if (line.kind === 'record') ({ log, seq, hash: prev } = line);
      take(line);
    } else {
      seq++;
      const hash = hashes.slice(HASH_CHARS * i, HASH_CHARS * (i + 1));
      take({ kind: 'record', place, ...ORDINARY, log, seq, prev, hash });
      prev = hash;
    }
  }
}
