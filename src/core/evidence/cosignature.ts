/**
 * C2SP cosignature/v1: somebody else saw this checkpoint, at this time, and it followed from all he saw before.
 *
 *   line       — <witness name> <padded base64 of: key hash (4 bytes) ‖ time (8 bytes, big-endian seconds) ‖ signature (64)>\n
 *   key hash   first 4 bytes of SHA-256(name ‖ "\n" ‖ 0x04 ‖ public key)
 *   signed     cosignature/v1\ntime <seconds>\n ‖ the note's text
 *   vkey       <name>+<key hash, 8 hexadecimal>+<padded base64 of: 0x04 ‖ public key>, one line
 *
 * Worked bytes: the key of RFC 8032 §7.1 test 1 as `witness.example/w1` has the vkey
 *   witness.example/w1+eb762cc2+BNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea
 *
 * Pure; malformed notes and keys give null or a reason, never an exception.
 *
 * @see https://c2sp.org/tlog-cosignature and https://c2sp.org/signed-note
 */
import { parseCheckpointText, parseNote } from '../audit/note.js';
import { concat, fromBase64, fromHex, sameBytes, toBase64, toHex, utf8 } from '../bytes.js';
import type { Ed25519Sign, Ed25519Verify, Sha256 } from '../ports.js';

const KEY_HASH_BYTES = 4;
const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;
const PUBLIC_KEY_BYTES = 32;
/** Signature type 0x04 is a timestamped Ed25519 cosignature. */
const ALGORITHM = Uint8Array.of(4);
/** A name of a key in a note: no space of any kind, no `+`. */
const NAME = /^[^\s+\p{Cc}]{1,255}$/u;

export interface Witness {
  readonly name: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

export function isWitnessName(name: string): boolean {
  return NAME.test(name);
}

function witnessKeyHash(sha256: Sha256, { name, publicKey }: Witness): Uint8Array {
  return sha256(concat(utf8(`${name}\n`), ALGORITHM, publicKey)).slice(0, KEY_HASH_BYTES);
}

/** How a witness is told to others. */
export function witnessVkey(sha256: Sha256, witness: Witness): string {
  const hash = toHex(witnessKeyHash(sha256, witness));
  return `${witness.name}+${hash}+${toBase64(concat(ALGORITHM, witness.publicKey))}`;
}

/** The inverse of {@link witnessVkey}; null for another algorithm or a hash that does not fit. */
export function parseVkey(sha256: Sha256, vkey: string): Witness | null {
  const [name = '', hash = '', ...rest] = vkey.replace(/\n$/, '').split('+');
  // Base64 may hold a `+` of its own.
  const encoded = fromBase64(rest.join('+'));
  if (!NAME.test(name) || encoded?.length !== 1 + PUBLIC_KEY_BYTES || encoded[0] !== ALGORITHM[0]) return null;
  const witness = { name, publicKey: encoded.slice(1) };
  const given = fromHex(hash);
  return given && sameBytes(given, witnessKeyHash(sha256, witness)) ? witness : null;
}

/** The line to add to a note, by the witness at `atSeconds` (POSIX time). `text` is the note's. */
function cosignatureLine(sha256: Sha256, sign: Ed25519Sign, witness: Witness, text: string, atSeconds: number): string {
  const signature = sign(signedBytes(text, atSeconds));
  return `— ${witness.name} ${toBase64(concat(witnessKeyHash(sha256, witness), timeBytes(atSeconds), signature))}\n`;
}

function signedBytes(text: string, atSeconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${atSeconds}\n${text}`);
}

function timeBytes(seconds: number): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES);
  let rest = seconds;
  for (let i = TIME_BYTES - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

function timeOf(bytes: Uint8Array): number {
  return bytes.reduce((seconds, byte) => seconds * 256 + byte, 0);
}

export interface WitnessedHead {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly witness: Witness;
  /** When the witness says it signed, POSIX seconds. */
  readonly atSeconds: number;
}

export type Witnessed =
  | { readonly ok: true; readonly head: WitnessedHead }
  | { readonly ok: false; readonly why: 'malformed_note' | 'no_witness' | 'bad_signature' };

/** What a trusted witness says of a log by this note. The log's own signature is for the witness to have checked. */
export function readWitnessed(
  sha256: Sha256,
  verify: Ed25519Verify,
  note: string,
  witnesses: readonly Witness[],
): Witnessed {
  const parsed = parseNote(note);
  const said = parsed && parseCheckpointText(parsed.text);
  if (!parsed || !said) return { ok: false, why: 'malformed_note' };
  let found: WitnessedHead | null = null;
  for (const witness of witnesses) {
    const hash = witnessKeyHash(sha256, witness);
    for (const { name, keyHash, signature } of parsed.signatures) {
      if (name !== witness.name || !sameBytes(keyHash, hash)) continue;
      if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) return { ok: false, why: 'bad_signature' };
      const atSeconds = timeOf(signature.subarray(0, TIME_BYTES));
      const bytes = signature.subarray(TIME_BYTES);
      // A signature of a known key that does not verify spoils the note, whatever else stands in it.
      if (!Number.isSafeInteger(atSeconds) || !verify(witness.publicKey, signedBytes(parsed.text, atSeconds), bytes)) {
        return { ok: false, why: 'bad_signature' };
      }
      if (found === null || atSeconds > found.atSeconds) found = { ...said, witness, atSeconds };
    }
  }
  return found === null ? { ok: false, why: 'no_witness' } : { ok: true, head: found };
}

/** `note` with the signature of `witness` added at its end; one it has made before is replaced. Null for what is no note. */
export function cosigned(
  sha256: Sha256,
  sign: Ed25519Sign,
  witness: Witness,
  note: string,
  atSeconds: number,
): string | null {
  const parsed = parseNote(note);
  if (!parsed) return null;
  const hash = witnessKeyHash(sha256, witness);
  const others = parsed.signatures.filter(s => s.name !== witness.name || !sameBytes(s.keyHash, hash));
  const lines = others.map(s => `— ${s.name} ${toBase64(concat(s.keyHash, s.signature))}\n`);
  return `${parsed.text}\n${lines.join('')}${cosignatureLine(sha256, sign, witness, parsed.text, atSeconds)}`;
}
