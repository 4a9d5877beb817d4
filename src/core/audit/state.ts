/**
 * The state file beside a log: how far the log is known to be on disk, in one signed line.
 *
 *   {"closed":…,"epoch":…,"file":"<dev>:<ino>","frontier":…,"head":…,"log":…,"offset":…,"segment":…,"sig":…,"size":…,
 *    "type":"log_state","v":1}\n
 *
 *   size, head, frontier  the lines known to be synced: how many, the leaf hash of the last, the tree's subtree roots
 *   file, offset          the file that holds line `size`−1, and where that line ends in it
 *   closed                true when the log was closed here: what comes after `offset` is not ours
 *   sig                   Ed25519 over `checkrd-state-v1\n` ‖ the line without `sig`: no state passes for a record
 *
 * It guards against a shortened log and saves reading a long one; it is no evidence, and can be rebuilt.
 */
import { fromBase64, toBase64, utf8 } from '../bytes.js';
import type { Ed25519Sign, Ed25519Verify } from '../ports.js';
import { canonicalLine, type FlatRecord, parseLine } from './canonical.js';
import { decodeFrontier, encodeFrontier, type Frontier } from './merkle.js';

export interface LogState {
  readonly log: string;
  readonly size: number;
  readonly head: string;
  readonly frontier: Frontier;
  /** Of the key that signed it. */
  readonly epoch: number;
  /** Number of the file in the log, from 0. */
  readonly segment: number;
  readonly offset: number;
  /** `<dev>:<ino>`. */
  readonly file: string;
  readonly closed: boolean;
}

const SIGNED_AS = 'checkrd-state-v1\n';
const HEX64 = /^[0-9a-f]{64}$/;

/** The file's text, with its newline. */
export function stateText(sign: Ed25519Sign, state: LogState): string {
  const fields: FlatRecord = { ...state, frontier: encodeFrontier(state.frontier), type: 'log_state', v: 1 };
  const sig = toBase64(sign(utf8(SIGNED_AS + canonicalLine(fields))));
  return `${canonicalLine({ ...fields, sig })}\n`;
}

/** The inverse of {@link stateText}; null for anything that `publicKey` did not sign in exactly this form. */
export function parseState(verify: Ed25519Verify, publicKey: Uint8Array, text: string): LogState | null {
  if (!text.endsWith('\n')) return null;
  const parsed = parseLine(text.slice(0, -1));
  if (!parsed.ok) return null;
  const { sig, ...fields } = parsed.record;
  const signature = typeof sig === 'string' ? fromBase64(sig) : null;
  if (signature === null || !verify(publicKey, utf8(SIGNED_AS + canonicalLine(fields)), signature)) return null;
  const { v, type, log, size, head, epoch, segment, offset, file, closed } = fields;
  if (v !== 1 || type !== 'log_state' || typeof log !== 'string' || typeof file !== 'string') return null;
  if (typeof head !== 'string' || !HEX64.test(head) || typeof closed !== 'boolean') return null;
  if (!count(size) || !count(epoch) || !count(segment) || !count(offset)) return null;
  const frontier = typeof fields.frontier === 'string' ? decodeFrontier(fields.frontier, size) : null;
  return frontier === null ? null : { log, size, head, frontier, epoch, segment, offset, file, closed };
}

const count = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
