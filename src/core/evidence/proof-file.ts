/**
 * Proofs as files: one JSON object, or the text forms that other logs use.
 *
 *   { "format": "checkrd-inclusion-v1", "checkpoint": NOTE, "keys"?: [LINE…],
 *     "index": 12, "record"?: LINE, "path": [BASE64…] }
 *   { "format": "checkrd-consistency-v1", "checkpoint": NOTE, "keys"?: [LINE…],
 *     "old_size": 12, "old_root": BASE64, "path": [BASE64…] }
 *
 * LINE is a line of the log without its newline; `keys` are its `key_rotated` lines from the first key up to the one that
 * signed the note. Hashes are padded base64, paths begin beside the leaf. The text forms leave out `keys` and `record`:
 *
 *   c2sp.org/tlog-proof@v1      old 12
 *   index 12                    BASE64…
 *   BASE64…
 *                               NOTE            (the body of a tlog-witness request)
 *   NOTE
 *
 * Pure; what is none of these is null, never an exception.
 *
 * @see https://c2sp.org/tlog-proof and https://c2sp.org/tlog-witness
 */
import { HASH_BYTES } from '../audit/merkle.js';
import { fromBase64, toBase64 } from '../bytes.js';

interface Signed {
  /** Checkpoint note. */
  readonly note: string;
  /** `key_rotated` lines. */
  readonly rotations: readonly string[];
  readonly path: readonly Uint8Array[];
}

export interface InclusionProof extends Signed {
  readonly kind: 'inclusion';
  readonly index: number;
  /** The line itself; null in the text form. */
  readonly record: string | null;
}

export interface ConsistencyProof extends Signed {
  readonly kind: 'consistency';
  readonly oldSize: number;
  /** Null in the text form. */
  readonly oldRoot: Uint8Array | null;
}

export type Proof = InclusionProof | ConsistencyProof;

const TLOG_PROOF = 'c2sp.org/tlog-proof@v1\n';
const WHOLE = /^(?:0|[1-9][0-9]{0,15})$/;
/** A tree of 2^53 lines has no longer path; a consistency proof one more. */
const MAX_PATH = 64;

export function proofJson(proof: Proof): string {
  const signed = { checkpoint: proof.note, ...(proof.rotations.length > 0 && { keys: proof.rotations }) };
  const path = proof.path.map(toBase64);
  const shape =
    proof.kind === 'inclusion'
      ? {
          format: INCLUSION,
          ...signed,
          index: proof.index,
          ...(proof.record !== null && { record: proof.record }),
          path,
        }
      : { format: CONSISTENCY, ...signed, old_size: proof.oldSize, ...oldRootOf(proof), path };
  return `${JSON.stringify(shape, null, 2)}\n`;
}

const INCLUSION = 'checkrd-inclusion-v1';
const CONSISTENCY = 'checkrd-consistency-v1';
const oldRootOf = ({ oldRoot }: ConsistencyProof) => (oldRoot === null ? {} : { old_root: toBase64(oldRoot) });

/** C2SP tlog-proof. */
export function tlogProofText({ index, path, note }: InclusionProof): string {
  return `${TLOG_PROOF}index ${index}\n${path.map(hash => `${toBase64(hash)}\n`).join('')}\n${note}`;
}

/** What a C2SP tlog-witness takes. */
export function witnessRequestText({ oldSize, path, note }: ConsistencyProof): string {
  return `old ${oldSize}\n${path.map(hash => `${toBase64(hash)}\n`).join('')}\n${note}`;
}

/** Any of the forms. */
export function readProof(text: string): Proof | null {
  if (text.startsWith('{')) return readJson(text);
  if (text.startsWith(TLOG_PROOF)) {
    // What stands in `extra` is not authenticated, and not used.
    const rest = text.slice(TLOG_PROOF.length).replace(/^extra [A-Za-z0-9+/=]*\n/, '');
    const read = readText(rest, 'index');
    return read && { kind: 'inclusion', index: read.number, record: null, ...read.signed };
  }
  const read = readText(text, 'old');
  return read && { kind: 'consistency', oldSize: read.number, oldRoot: null, ...read.signed };
}

function readText(text: string, word: string): { readonly number: number; readonly signed: Signed } | null {
  const cut = text.indexOf('\n\n');
  const [first = '', ...hashes] = text.slice(0, cut).split('\n');
  const [name, number = '', ...more] = first.split(' ');
  const path = readPath(hashes);
  if (cut < 0 || name !== word || more.length > 0 || path === null) return null;
  if (!WHOLE.test(number) || !Number.isSafeInteger(Number(number))) return null;
  return { number: Number(number), signed: { note: text.slice(cut + 2), rotations: [], path } };
}

function readJson(text: string): Proof | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const { format, checkpoint, keys = [], index, record = null, old_size, old_root = null } = fields;
  const path = readPath(fields.path);
  if (typeof checkpoint !== 'string' || !isTexts(keys) || path === null) return null;
  const signed = { note: checkpoint, rotations: keys, path };
  if (format === INCLUSION && isCount(index) && (record === null || typeof record === 'string')) {
    return { kind: 'inclusion', index, record, ...signed };
  }
  if (format !== CONSISTENCY || !isCount(old_size)) return null;
  const oldRoot = typeof old_root === 'string' ? fromBase64(old_root) : null;
  if (old_root !== null && oldRoot?.length !== HASH_BYTES) return null;
  return { kind: 'consistency', oldSize: old_size, oldRoot, ...signed };
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(item => typeof item === 'string');
const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** Hashes in base64; null for anything else. */
export function readPath(value: unknown): readonly Uint8Array[] | null {
  if (!isTexts(value) || value.length > MAX_PATH) return null;
  const path = value.map(fromBase64);
  return path.every(hash => hash?.length === HASH_BYTES) ? (path as readonly Uint8Array[]) : null;
}
