/** What a log and each of its further files begin with. */
import { signEndorsement } from '../../core/audit/endorsement.js';
import type { LogStartedFields, RecoveredFields, SegmentOpenedFields } from '../../core/audit/fields.js';
import { encodeFrontier } from '../../core/audit/merkle.js';
import type { Position } from '../../core/audit/tip.js';
import { toHex } from '../../core/bytes.js';
import { sha256 } from '../../crypto/sha256.js';
import type { LogKey } from './keys.js';

export type Reason = SegmentOpenedFields['reason'];

/** What the next file must begin with. */
export interface Next {
  readonly reason: Reason;
  readonly recovered: readonly RecoveredFields[];
}

/** Says whose log it is; never signs what is in it. */
export interface Endorser {
  readonly keyId: string;
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

export function logStarted(
  log: string,
  key: LogKey,
  previousLog: string | null,
  endorser: Endorser | null,
): LogStartedFields {
  const record = { type: 'log_started', alg: 'ed25519', public_key: key.publicKeyText, key_id: key.id } as const;
  const after = previousLog === null ? record : { ...record, previous_log: previousLog };
  if (endorser === null) return after;
  const endorsement = signEndorsement(message => endorser.sign(message), log, key.publicKeyText);
  return { ...after, endorsed_by: endorser.keyId, endorsement };
}

/** @param nonce 16 random bytes: no two first lines are alike, which is how shippers tell files apart. */
export function segmentOpened(
  key: LogKey,
  segment: number,
  reason: Reason,
  at: Position,
  nonce: Uint8Array,
): SegmentOpenedFields {
  return {
    type: 'segment_opened',
    segment,
    reason,
    size: at.size,
    frontier: encodeFrontier(at.frontier),
    public_key: key.publicKeyText,
    key_id: key.id,
    nonce: toHex(nonce),
  };
}

/**
 * After a write or a sync whose effect is unknown: lines from `synced` on may be missing from the disk.
 *
 * @param left what a failed write left after the last line of the abandoned file, so that an auditor can tell it from
 *   what others put there
 */
export function afterFailure(synced: number, size: number, left: Uint8Array | null = null): Next {
  const record: RecoveredFields = { type: 'recovered', cause: 'write_failed', from: synced, to: size };
  const said = left === null ? record : { ...record, bytes: left.length, sha256: toHex(sha256(left)) };
  return { reason: 'recovered', recovered: [said] };
}
