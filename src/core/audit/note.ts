/**
 * A checkpoint as a C2SP signed note in tlog-checkpoint form, so that public tools verify it.
 *
 *   <origin>\n
 *   <size, decimal>\n
 *   <root, padded base64>\n
 *   \n
 *   — <key name> <padded base64 of: key hash (4 bytes) ‖ signature (64 bytes)>\n
 *
 * The dash is U+2014. The key name is the origin. Key hash = first 4 bytes of SHA-256(name ‖ "\n" ‖ 0x01 ‖ public key).
 * The signature is Ed25519 over the text: all bytes up to and including the newline before the blank line.
 * More signature lines may follow (witnesses); those of unknown keys are passed over, one of the known key that
 * does not verify spoils the note. A checkpoint of ours has exactly three lines of text.
 *
 * Worked bytes: the key of RFC 8032 §7.1 test 1, origin `host/agent/0123456789abcdef`, size 0, root of no lines:
 *
 *   host/agent/0123456789abcdef
 *   0
 *   47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
 *
 *   — host/agent/0123456789abcdef 27FD26y4WiIA09C6AcctqwzvOyi9AyS4etfaovDkBzE3OqS3wQZc5Ie+9g5TiU+rD8YtUIUDnqdTdu4xHS8h4TZlygo=
 *
 * Pure; malformed notes give null or a reason, never an exception.
 *
 * @see https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint
 */
import { concat, fromBase64, sameBytes, toBase64, utf8 } from '../bytes.js';
import type { Ed25519Sign, Ed25519Verify, Sha256 } from '../ports.js';
import { HASH_BYTES } from './merkle.js';

const KEY_HASH_BYTES = 4;
const SIGNATURE_BYTES = 64;
/** Signature type 0x01 is Ed25519. */
const ALGORITHM = Uint8Array.of(1);
/** Far above a log and its witnesses; a bound on what a hostile note can make us check. */
const MAX_SIGNATURES = 64;
const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;
const CONTROL = /\p{Cc}/u;
const NAME_REFUSED = /[\s+\p{Cc}]/u;

/** What a checkpoint says: the first `size` lines of the log `origin` have this tree root. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyHash: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** The signed text, with its final newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export type CheckpointNote =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly reason: 'malformed' | 'other_origin' | 'other_key' | 'bad_signature' };

/** First 4 bytes of SHA-256(name ‖ "\n" ‖ 0x01 ‖ public key). */
export function noteKeyHash(sha256: Sha256, name: string, publicKey: Uint8Array): Uint8Array {
  return sha256(concat(utf8(`${name}\n`), ALGORITHM, publicKey)).slice(0, KEY_HASH_BYTES);
}

/** The text that is signed. */
function checkpointText(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${toBase64(checkpoint.root)}\n`;
}

/** The whole note, signed by the key whose public half is `publicKey`. */
export function signCheckpoint(
  sha256: Sha256,
  sign: Ed25519Sign,
  publicKey: Uint8Array,
  checkpoint: Checkpoint,
): string {
  const text = checkpointText(checkpoint);
  const blob = concat(noteKeyHash(sha256, checkpoint.origin, publicKey), sign(utf8(text)));
  return `${text}\n— ${checkpoint.origin} ${toBase64(blob)}\n`;
}

/** Splits a signed note into its text and its Ed25519 signature lines, checking form only. */
export function parseNote(note: string): Note | null {
  const cut = note.lastIndexOf('\n\n');
  if (cut < 0 || !note.endsWith('\n')) return null;
  const text = note.slice(0, cut + 1);
  if (text.split('\n').some(line => CONTROL.test(line))) return null;
  const lines = note.slice(cut + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) return null;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const [dash, name = '', encoded = '', ...more] = line.split(' ');
    if (dash !== '—' || name === '' || NAME_REFUSED.test(name) || more.length > 0) return null;
    const blob = fromBase64(encoded);
    if (blob === null || blob.length <= KEY_HASH_BYTES) return null;
    signatures.push({ name, keyHash: blob.subarray(0, KEY_HASH_BYTES), signature: blob.subarray(KEY_HASH_BYTES) });
  }
  return { text, signatures };
}

/** The inverse of {@link checkpointText}; null for extension lines, leading zeros, or a root of another length. */
export function parseCheckpointText(text: string): Checkpoint | null {
  const lines = text.split('\n');
  const [origin, size, encoded, end] = lines;
  if (lines.length !== 4 || !origin || size === undefined || encoded === undefined || end !== '') return null;
  const root = fromBase64(encoded);
  if (!SIZE.test(size) || !Number.isSafeInteger(Number(size)) || root?.length !== HASH_BYTES) return null;
  return { origin, size: Number(size), root };
}

/** Whether `note` is a checkpoint of the log `origin` signed by `publicKey`, and what it says. */
export function verifyCheckpointNote(
  sha256: Sha256,
  verify: Ed25519Verify,
  note: string,
  origin: string,
  publicKey: Uint8Array,
): CheckpointNote {
  const parsed = parseNote(note);
  const checkpoint = parsed && parseCheckpointText(parsed.text);
  if (parsed === null || !checkpoint) return { ok: false, reason: 'malformed' };
  if (checkpoint.origin !== origin) return { ok: false, reason: 'other_origin' };
  const keyHash = noteKeyHash(sha256, origin, publicKey);
  const known = parsed.signatures.filter(s => s.name === origin && sameBytes(s.keyHash, keyHash));
  if (known.length === 0) return { ok: false, reason: 'other_key' };
  const message = utf8(parsed.text);
  const good = known.every(s => s.signature.length === SIGNATURE_BYTES && verify(publicKey, message, s.signature));
  return good ? { ok: true, checkpoint } : { ok: false, reason: 'bad_signature' };
}
