/** A log whose keys change, made with the builder: the old key certifies the new one, as design and docs say. */

import type { FlatRecord } from '#src/core/audit/canonical.js';
import { leafHashHex } from '#src/core/audit/chain.js';
import { keyId } from '#src/core/audit/key-id.js';
import { signSuccession } from '#src/core/audit/key-rotation.js';
import { signRecord } from '#src/core/audit/record-signature.js';
import { toBase64 } from '#src/core/bytes.js';
import type { Signer } from '#src/crypto/ed25519.js';
import { sha256, sha256Text } from '#src/crypto/sha256.js';
import type { AuditBuilder } from './audit-builder.js';

/** Adds `key_rotated` by `old`; its line. */
export function rotateKey(log: AuditBuilder, old: Signer, next: Signer, epoch: number): string {
  const prev = leafHashHex(sha256Text, log.files.flat().at(-1) ?? '');
  const seq = log.size;
  const place = { origin: log.origin, seq, prev, publicKey: next.publicKey };
  const fields: FlatRecord = {
    ...{ epoch, key_id: keyId(sha256, next.publicKey), public_key: toBase64(next.publicKey) },
    signature: signSuccession(old.sign, place),
  };
  const time = new Date(Date.UTC(2026, 0, 1) + seq * 1000).toISOString();
  const record: FlatRecord = { v: 1, log: log.origin, seq, prev, time, type: 'key_rotated', ...fields };
  log.add('key_rotated', { ...fields, sig: signRecord(old.sign, record) });
  return log.files.flat().at(-1) ?? '';
}
