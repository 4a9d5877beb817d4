/**
 * A checkpoint note and the key that must have signed it, for evidence that stands alone.
 *
 *   in   : the note, keys obtained elsewhere, `key_rotated` lines
 *   out  : what the note says and since when its key served, or why it proves nothing
 */
import { noteKeyHash, parseCheckpointText, parseNote, verifyCheckpointNote } from '../audit/note.js';
import { sameBytes } from '../bytes.js';
import type { Ed25519Verify, Sha256 } from '../ports.js';
import { type EpochKey, keysFrom } from './key-path.js';

export interface SignedHead {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly key: EpochKey;
}

export type HeadProblem = 'malformed_note' | 'no_key' | 'wrong_key' | 'bad_signature';
export type HeadRead =
  | { readonly ok: true; readonly head: SignedHead }
  | { readonly ok: false; readonly why: HeadProblem };

export interface EvidencePorts {
  readonly sha256: Sha256;
  readonly verify: Ed25519Verify;
}

/** The origin that a note speaks of, without believing it; null for what is no note of a checkpoint. */
export function originOf(note: string): string | null {
  const parsed = parseNote(note);
  return (parsed && parseCheckpointText(parsed.text)?.origin) ?? null;
}

export function readSignedHead(
  ports: EvidencePorts,
  note: string,
  anchors: readonly Uint8Array[],
  rotations: readonly string[],
): HeadRead {
  const parsed = parseNote(note);
  const said = parsed && parseCheckpointText(parsed.text);
  if (!parsed || !said) return { ok: false, why: 'malformed_note' };
  if (anchors.length === 0) return { ok: false, why: 'no_key' };
  const keys = keysFrom(ports.sha256, ports.verify, said.origin, anchors, rotations);
  const signer = keys.find(({ key }) => {
    const hash = noteKeyHash(ports.sha256, said.origin, key);
    return parsed.signatures.some(s => s.name === said.origin && sameBytes(s.keyHash, hash));
  });
  if (signer === undefined) return { ok: false, why: 'wrong_key' };
  const checked = verifyCheckpointNote(ports.sha256, ports.verify, note, said.origin, signer.key);
  if (!checked.ok) return { ok: false, why: checked.reason === 'bad_signature' ? 'bad_signature' : 'wrong_key' };
  return { ok: true, head: { ...checked.checkpoint, key: signer } };
}
