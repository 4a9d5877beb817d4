/** Why a proof does not hold, for people. */
import type { ProofProblem } from '../core/evidence/check-proof.js';

export const PROOF_PROBLEMS: Readonly<Record<ProofProblem, string>> = {
  malformed_note: 'its checkpoint is no checkpoint',
  no_key: 'no key was given (--key)',
  wrong_key: 'its checkpoint is not signed by the key given, nor by one that it leads to',
  bad_signature: 'the signature of its checkpoint does not fit',
  no_record: 'the record is not in the proof; give it as RECORD',
  other_record: 'the record given is not the one in the proof',
  not_this_record: 'it is no record of this log with this number',
  no_old_root: 'the old root is not in the proof; give it with --expect',
  other_old_root: 'the proof begins at another size or root than the one given',
  wrong_path: 'its hashes do not lead to the root that was signed',
};
