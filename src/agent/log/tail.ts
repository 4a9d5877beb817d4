/** The end of a log file as a crash may have left it. */
import type { RecoveredFields } from '../../core/audit/fields.js';
import type { Follower } from '../../core/audit/follow.js';
import { sameBytes, toHex } from '../../core/bytes.js';
import { Fault } from '../../core/fault.js';
import { AUDIT_LINE_MAX_BYTES } from '../../core/limits.js';
import { Sha256Pieces, sha256 } from '../../crypto/sha256.js';
import { AppendFile } from '../../disk/append.js';
import { createFile } from '../../disk/durable.js';
import { errno } from '../../disk/errno.js';
import { LineFile } from '../../disk/lines.js';
import { tornName } from './place.js';

/** `end`: where the last whole line ends. `rest`: bytes after it. */
export interface Tail {
  readonly is: 'whole' | 'torn' | 'damaged';
  readonly end: number;
  readonly rest: number;
}

/** Follows the lines of `file` from `offset` and says what stands after the last whole one. */
export function readTail(file: LineFile, offset: number, follower: Follower): Tail {
  const { end, rest, why } = file.scan(offset, AUDIT_LINE_MAX_BYTES, line => follower.take(line));
  if (why === 'end' && rest === 0) return { is: 'whole', end, rest };
  const torn = why === 'end' && rest <= AUDIT_LINE_MAX_BYTES && !file.read(end, rest).includes(0);
  return { is: torn ? 'torn' : 'damaged', end, rest };
}

/** Saves half a line beside the log, syncs it, and cuts it off the file at `at`. */
export function takeTornTail(path: string, at: string, file: LineFile, end: number, seq: number): RecoveredFields {
  const bytes = file.read(end, AUDIT_LINE_MAX_BYTES);
  try {
    save(tornName(path, seq), bytes);
  } catch (error) {
    throw new Fault('log_unusable', { path: at, cause: errno(error) }, { cause: error });
  }
  const opened = AppendFile.existing(at);
  if (!opened.ok) throw new Fault('log_unusable', { path: at, cause: opened.errno });
  const cut = opened.file.id.ino === file.id.ino && opened.file.cutTo(end);
  opened.file.close();
  if (!cut) throw new Fault('log_unusable', { path: at, cause: 'its torn last line cannot be cut off' });
  return { type: 'recovered', cause: 'torn', from: seq, bytes: bytes.length, sha256: toHex(sha256(bytes)) };
}

/** What a damaged end is: its digest lets an auditor tell it from what others put there later. */
export function damagedTail(file: LineFile, tail: Tail, seq: number): RecoveredFields {
  const digest = new Sha256Pieces();
  file.pieces(tail.end, tail.rest, piece => digest.add(piece));
  return { type: 'recovered', cause: 'tail_damaged', from: seq, bytes: tail.rest, sha256: digest.hex() };
}

/** No line has one, and a power loss leaves them. */
export function holdsNul(file: LineFile): boolean {
  let found = false;
  file.pieces(0, file.size, piece => {
    found ||= piece.includes(0);
  });
  return found;
}

/** A crash between saving and cutting leaves the same bytes there already. */
function save(name: string, bytes: Uint8Array): void {
  for (let n = 0; ; n += 1) {
    const target = n === 0 ? name : `${name}-${n}`;
    if (createFile(target, bytes, 0o640)) return;
    const there = LineFile.open(target);
    const same = sameBytes(there.read(0, there.size), bytes);
    there.close();
    if (same) return;
  }
}
