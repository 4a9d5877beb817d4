/**
 * `sig` of a record: Ed25519 over `checkrd-record-v1\n` ‖ the record's canonical line without `sig`.
 *
 * `checkpoint` and `key_rotated` records carry it, so that their own line, and all before it by `prev`, is covered too.
 * In the record it is padded base64 of 64 bytes.
 *
 * Worked bytes: {"seq":7,"sig":"AAAA","type":"checkpoint"} is signed as
 *   checkrd-record-v1\n{"seq":7,"type":"checkpoint"}
 */
import { fromBase64, toBase64, utf8 } from '../bytes.js';
import type { Ed25519Sign, Ed25519Verify } from '../ports.js';
import { canonicalLine, type FlatRecord } from './canonical.js';

/** The bytes that `sig` signs; a `sig` already in `record` is left out. */
export function recordSigningBytes(record: FlatRecord): Uint8Array {
  const { sig: _, ...unsigned } = record;
  return utf8(`checkrd-record-v1\n${canonicalLine(unsigned)}`);
}

/** Value for the field `sig`. */
export function signRecord(sign: Ed25519Sign, record: FlatRecord): string {
  return toBase64(sign(recordSigningBytes(record)));
}

/** Whether `record` carries a `sig` that `publicKey` made for exactly this record. */
export function verifyRecordSignature(verify: Ed25519Verify, publicKey: Uint8Array, record: FlatRecord): boolean {
  const signature = typeof record.sig === 'string' ? fromBase64(record.sig) : null;
  return signature !== null && verify(publicKey, recordSigningBytes(record), signature);
}
