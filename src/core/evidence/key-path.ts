/**
 * From the key an auditor holds to the key that signed, by the certificates of the log itself.
 *
 *   in   : the key obtained elsewhere, `key_rotated` lines in the order of the log
 *   out  : each key that a chain of certificates leads to, and from which record on it served
 *   never: believes a key that no certificate leads to
 *
 * A key of a later epoch can say anything about records before its own time: whoever stole it today writes yesterday anew.
 * So `from` belongs to every answer, and a record before it is only as good as that later key.
 */
import { parseLine } from '../audit/canonical.js';
import { keyId } from '../audit/key-id.js';
import { namedKey, verifySuccession } from '../audit/key-rotation.js';
import type { Ed25519Verify, Sha256 } from '../ports.js';

/** A year of days, several times over. */
const MAX_ROTATIONS = 4096;

export interface EpochKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** Number of the record that certified it; 0 for the key that was given. */
  readonly from: number;
}

/** Every key that `anchors` lead to, they themselves among them. Lines that lead nowhere are passed over. */
export function keysFrom(
  sha256: Sha256,
  verify: Ed25519Verify,
  origin: string,
  anchors: readonly Uint8Array[],
  rotations: readonly string[],
): readonly EpochKey[] {
  const keys: EpochKey[] = anchors.map(key => ({ id: keyId(sha256, key), key, from: 0 }));
  for (const line of rotations.slice(0, MAX_ROTATIONS)) {
    const parsed = parseLine(line);
    if (!parsed.ok || parsed.record.type !== 'key_rotated' || parsed.record.log !== origin) continue;
    const { record } = parsed;
    const next = namedKey(sha256, record);
    const { seq } = record;
    if (next === null || typeof seq !== 'number' || keys.some(({ id }) => id === next.id)) continue;
    // The predecessor is nearly always the last one.
    if (keys.findLast(({ key }) => verifySuccession(verify, key, record))) keys.push({ ...next, from: seq });
  }
  return keys;
}

/** Those of `rotations` that lead to the key `id`; the rest need not be handed over. */
export function rotationsTo(id: string, rotations: readonly string[]): readonly string[] {
  const at = rotations.findLastIndex(line => rotatedTo(line) === id);
  return rotations.slice(0, at + 1);
}

/** ID of the key that a `key_rotated` line names; null for another line. */
export function rotatedTo(line: string): string | null {
  const parsed = parseLine(line);
  const isRotation = parsed.ok && parsed.record.type === 'key_rotated';
  return isRotation && typeof parsed.record.key_id === 'string' ? parsed.record.key_id : null;
}
