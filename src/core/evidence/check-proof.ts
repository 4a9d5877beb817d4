/**
 * Does this proof hold? From its own bytes, a key obtained elsewhere, and nothing else.
 *
 * Pure; a hostile proof gives a reason, never an exception.
 */
import { canonicalLine, type FlatRecord, parseLine } from '../audit/canonical.js';
import { leafHash } from '../audit/chain.js';
import { verifyConsistency, verifyInclusion } from '../audit/proof.js';
import { sameBytes, utf8 } from '../bytes.js';
import type { ConsistencyProof, InclusionProof } from './proof-file.js';
import { type EvidencePorts, type HeadProblem, readSignedHead, type SignedHead } from './signed-head.js';

export type ProofProblem =
  | HeadProblem
  /** No record: neither in the proof nor given. */
  | 'no_record'
  /** The record given is not the one in the proof. */
  | 'other_record'
  /** It is no record of this log with this number. */
  | 'not_this_record'
  /** Without the old root nothing is compared. */
  | 'no_old_root'
  | 'other_old_root'
  /** The path does not lead to the root that was signed. */
  | 'wrong_path';

export type InclusionChecked =
  | { readonly ok: true; readonly head: SignedHead; readonly record: FlatRecord; readonly inEpoch: boolean }
  | { readonly ok: false; readonly why: ProofProblem };
export type ConsistencyChecked =
  | { readonly ok: true; readonly head: SignedHead; readonly oldRoot: Uint8Array }
  | { readonly ok: false; readonly why: ProofProblem };

/**
 * @param given The record as the auditor holds it, in any JSON spelling; null: the one in the proof.
 * @returns `inEpoch`: the note's key served when the record was written. If not, a later key vouches for it.
 */
export function checkInclusion(
  ports: EvidencePorts,
  proof: InclusionProof,
  anchors: readonly Uint8Array[],
  given: string | null,
): InclusionChecked {
  const read = readSignedHead(ports, proof.note, anchors, proof.rotations);
  if (!read.ok) return read;
  return checkUnder(ports, read.head, proof, given);
}

/** As {@link checkInclusion}, under a checkpoint whose signature is known to be good. */
export function checkUnder(
  ports: EvidencePorts,
  head: SignedHead,
  proof: Pick<InclusionProof, 'index' | 'record' | 'path'>,
  given: string | null,
): InclusionChecked {
  const line = given === null ? proof.record : lineOf(given);
  if (given !== null && proof.record !== null && line !== proof.record) return { ok: false, why: 'other_record' };
  if (line === null) return { ok: false, why: given === null ? 'no_record' : 'not_this_record' };
  const parsed = parseLine(line);
  if (!parsed.ok || parsed.record.log !== head.origin || parsed.record.seq !== proof.index) {
    return { ok: false, why: 'not_this_record' };
  }
  const claim = { index: proof.index, size: head.size, leaf: leafHash(ports.sha256, utf8(line)), root: head.root };
  if (!verifyInclusion(ports.sha256, { ...claim, proof: proof.path })) return { ok: false, why: 'wrong_path' };
  return { ok: true, head, record: parsed.record, inEpoch: proof.index >= head.key.from };
}

/** @param oldRoot Kept elsewhere; null: the one in the proof, which shows only what the log says of itself. */
export function checkConsistency(
  ports: EvidencePorts,
  proof: ConsistencyProof,
  anchors: readonly Uint8Array[],
  oldRoot: Uint8Array | null,
): ConsistencyChecked {
  const read = readSignedHead(ports, proof.note, anchors, proof.rotations);
  if (!read.ok) return read;
  if (oldRoot !== null && proof.oldRoot !== null && !sameBytes(oldRoot, proof.oldRoot)) {
    return { ok: false, why: 'other_old_root' };
  }
  const root = oldRoot ?? proof.oldRoot;
  if (root === null) return { ok: false, why: 'no_old_root' };
  const { size: newSize, root: newRoot } = read.head;
  const claim = { oldSize: proof.oldSize, oldRoot: root, newSize, newRoot, proof: proof.path };
  if (!verifyConsistency(ports.sha256, claim)) return { ok: false, why: 'wrong_path' };
  return { ok: true, head: read.head, oldRoot: root };
}

/** The canonical line of a record in any JSON spelling; null for what is no record. */
function lineOf(given: string): string | null {
  try {
    const line = canonicalLine(JSON.parse(given) as FlatRecord);
    return parseLine(line).ok ? line : null;
  } catch {
    return null;
  }
}
