/**
 * One line of a file as evidence: a record with what every record has, or bytes that are none.
 *
 * Pure; never throws. A line's hash is computed from its bytes, whatever they are.
 */
import { type FlatRecord, type LineProblem, parseLine } from '../audit/canonical.js';
import { leafHash } from '../audit/chain.js';
import { fromUtf8, toHex } from '../bytes.js';
import { AUDIT_LINE_MAX_BYTES } from '../limits.js';
import type { Sha256 } from '../ports.js';
import type { Place } from './findings.js';

/** A line that has the form of a record. Whether it belongs here is for the chain to say. */
export interface RecordLine {
  readonly kind: 'record';
  readonly place: Place;
  readonly record: FlatRecord;
  readonly type: string;
  readonly log: string;
  readonly seq: number;
  readonly prev: string;
  /** Leaf hash of the line, hexadecimal: what the next line's `prev` must be. */
  readonly hash: string;
}

/** A line that no writer of ours wrote like this. */
export interface OtherLine {
  readonly kind: 'other';
  readonly place: Place;
  readonly problem: LineProblem | 'too_long' | 'not_utf8' | 'not_a_record';
  readonly text: string;
}

export type Line = RecordLine | OtherLine;

const HASH = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** @param bytes The line without its newline. */
export function readRecord(sha256: Sha256, place: Place, bytes: Uint8Array): Line {
  const other = (problem: OtherLine['problem'], text = ''): OtherLine => ({ kind: 'other', place, problem, text });
  if (bytes.length > AUDIT_LINE_MAX_BYTES) return other('too_long');
  const text = fromUtf8(bytes);
  if (text === null) return other('not_utf8');
  const parsed = parseLine(text);
  if (!parsed.ok) return other(parsed.problem, text);
  const { v, log, seq, prev, time, type } = parsed.record;
  if (v !== 1 || typeof log !== 'string' || typeof type !== 'string') return other('not_a_record', text);
  if (typeof seq !== 'number' || seq < 0 || seq >= Number.MAX_SAFE_INTEGER) return other('not_a_record', text);
  if (typeof prev !== 'string' || !HASH.test(prev)) return other('not_a_record', text);
  if (typeof time !== 'string' || !TIME.test(time)) return other('not_a_record', text);
  const hash = toHex(leafHash(sha256, bytes));
  return { kind: 'record', place, record: parsed.record, type, log, seq, prev, hash };
}
