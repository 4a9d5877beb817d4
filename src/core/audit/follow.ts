/**
 * Following a log's own lines from a known place, as its writer does when it starts again.
 *
 *   in   : where it stands, then line after line
 *   out  : how far the lines are whole and chained
 *   never: judges signatures or gaps; that is verification
 */
import { fromUtf8 } from '../bytes.js';
import type { Sha256, Sha256Text } from '../ports.js';
import { type FlatRecord, parseLine } from './canonical.js';
import { genesisPrev, leafHashHex } from './chain.js';
import { decodeFrontier, EMPTY_FRONTIER } from './merkle.js';
import { type Position, Tip } from './tip.js';

export class Follower {
  readonly tip: Tip;
  /** Number of the file the last line stands in. */
  segment: number;

  constructor(
    sha256: Sha256,
    private readonly sha256Text: Sha256Text,
    readonly log: string,
    from: Position,
    segment: number,
  ) {
    this.tip = new Tip(sha256, from);
    this.segment = segment;
  }

  /** Takes one line when it is the next of this log, in exactly the form we write. */
  take(bytes: Uint8Array): boolean {
    const line = fromUtf8(bytes);
    if (line === null) return false;
    const parsed = parseLine(line);
    if (!parsed.ok) return false;
    const { log, seq, prev, type, segment } = parsed.record;
    if (log !== this.log || seq !== this.tip.size || prev !== this.tip.head) return false;
    if (type === 'segment_opened' && typeof segment === 'number') this.segment = segment;
    this.tip.push(leafHashHex(this.sha256Text, line));
    return true;
  }
}

/** What the first line of a file says of the file. */
export interface FileBeginning {
  readonly log: string;
  readonly segment: number;
  readonly publicKey: string;
  /** Its own, RFC 3339. */
  readonly time: string;
  /** Where the log stood before this line. */
  readonly before: Position;
}

/** Null for a line that cannot be the first of a file. */
export function fileBeginning(sha256Text: Sha256Text, bytes: Uint8Array): FileBeginning | null {
  const line = fromUtf8(bytes);
  const parsed = line === null ? null : parseLine(line);
  if (!parsed?.ok) return null;
  const { log, seq, prev, type, time, public_key: publicKey } = parsed.record;
  if (typeof log !== 'string' || typeof publicKey !== 'string' || typeof prev !== 'string') return null;
  if (typeof time !== 'string') return null;
  if (type === 'log_started') {
    const head = genesisPrev(sha256Text, log);
    if (seq !== 0 || prev !== head) return null;
    return { log, segment: 0, publicKey, time, before: { size: 0, head, frontier: EMPTY_FRONTIER } };
  }
  if (type !== 'segment_opened') return null;
  const opened = segmentBeginning(parsed.record, prev);
  return opened && { log, publicKey, time, ...opened };
}

function segmentBeginning(record: FlatRecord, head: string): Pick<FileBeginning, 'segment' | 'before'> | null {
  const { seq, size, segment, frontier: encoded } = record;
  if (typeof size !== 'number' || seq !== size || typeof segment !== 'number') return null;
  const frontier = typeof encoded === 'string' ? decodeFrontier(encoded, size) : null;
  return frontier === null ? null : { segment, before: { size, head, frontier } };
}
