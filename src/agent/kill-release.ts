/**
 * `approvals/release.dsse`: which latched engagement it ends, if any.
 *
 * In: the file, the trusted keys, what is latched. Out: the engagement and who signed, or why not, as a code and a sentence.
 * Never: changes anything; throws; quotes what it read.
 */
import { Fault } from '../core/fault.js';
import { ENVELOPE_MAX_BYTES } from '../core/limits.js';
import type { Ed25519Verify } from '../core/ports.js';
import type { LatchEntry } from '../core/trust/latch-file.js';
import { judgeRelease, RELEASE_TYPE, readRelease } from '../core/trust/release.js';
import { admitEnvelope, type TrustedSigner } from '../core/trust/signers.js';
import { readApproval } from '../disk/approval-file.js';

export interface ReleaseSource {
  /** Absolute path of `release.dsse`. */
  readonly releasePath: string;
  /** @throws Fault when it cannot be told whose signatures count */
  readonly trust: () => { readonly signers: readonly TrustedSigner[]; readonly threshold: number };
  readonly verify: Ed25519Verify;
}

export type KillRelease =
  | { readonly is: 'absent' }
  | {
      readonly is: 'refused';
      readonly why: string;
      readonly text: string;
      readonly bytes: Uint8Array;
      /** Owner of the file, null when it cannot be told. */
      readonly uid: number | null;
    }
  | {
      readonly is: 'good';
      readonly ends: LatchEntry;
      /** Whose signatures count. */
      readonly keyIds: readonly string[];
      readonly uid: number;
    };

const NOT_OURS = {
  release_other_log: 'it names another log',
  release_spent: 'it names an engagement that has ended',
  release_unknown: 'it names an engagement that is none of ours',
} as const;

/** @param spent IDs of engagements that have ended. */
export function readKillRelease(
  { releasePath, trust, verify }: ReleaseSource,
  held: readonly LatchEntry[],
  spent: readonly string[],
): KillRelease {
  const file = readApproval(releasePath, ENVELOPE_MAX_BYTES);
  if (file.is === 'absent') return file;
  const bytes = file.is === 'present' ? file.bytes : new Uint8Array();
  const uid = file.is === 'present' ? file.uid : null;
  const no = (why: string, because: string): KillRelease => ({
    ...{ is: 'refused', why, bytes, uid },
    text: `the release \`${releasePath}\` is refused: ${because}`,
  });
  if (file.is === 'unreadable') return no('release_unreadable', `it cannot be read (${file.error})`);
  let trusted: ReturnType<ReleaseSource['trust']>;
  try {
    trusted = trust();
  } catch (error) {
    return no('trust_unusable', error instanceof Fault ? error.message : 'the trusted keys cannot be read');
  }
  const admitted = admitEnvelope(bytes, RELEASE_TYPE, trusted.signers, trusted.threshold, verify);
  if (!admitted.ok) return no(admitted.why, admitted.detail);
  const release = readRelease(admitted.payload);
  if (release === null) return no('malformed', 'its payload is not `id`, `log` and `issued`');
  const verdict = judgeRelease(release, held, spent);
  if ('refused' in verdict) return no(verdict.refused, NOT_OURS[verdict.refused]);
  return { is: 'good', ends: verdict.ends, keyIds: admitted.keyIds, uid: file.uid };
}
