/** What a watched policy is made of, and what it needs from its surroundings. Types only. */
import type { PolicyLoadedFields, PolicyRejectedFields } from '../core/audit/fields.js';
import type { Sha256Hex } from '../core/brand.js';
import type { PolicyIssue } from '../core/policy/issues.js';
import type { Timers } from '../disk/timers.js';
import type { Generation, PolicySource, SecurityMode } from './types.js';

export type BuildOutcome =
  | { readonly ok: true; readonly generation: Generation }
  | { readonly ok: false; readonly issues: readonly PolicyIssue[] };

export type PolicyRecord = PolicyLoadedFields | PolicyRejectedFields;

export interface PolicySourceOptions {
  readonly path: string;
  /** Where policies that went live are kept; null: nowhere, and no last good one after a restart. */
  readonly stateDir: string | null;
  /** Parses, compiles, tests and instantiates. `path` is for messages and tells JSON from YAML. */
  readonly build: (bytes: Uint8Array, path: string, sha256: Sha256Hex) => Promise<BuildOutcome> | BuildOutcome;
  /** SHA-256 as hexadecimal. */
  readonly hash: (bytes: Uint8Array) => Sha256Hex;
  /** Writes a record. When it throws, the record is kept and tried again. */
  readonly report: (record: PolicyRecord) => void;
  /** Carries the limit counters over, just before the swap and in the same tick. Throwing rejects the new policy. */
  readonly adopt: (old: Generation, next: Generation) => void;
  readonly securityMode: SecurityMode;
  /** The group that may write policies; null: none. */
  readonly operatorsGid?: number | null;
  /** False: the file is read at start and at `lookAgain` only. */
  readonly watch?: boolean;
  readonly timers?: Timers;
}

export interface SyncPolicySourceOptions extends PolicySourceOptions {
  /** As `build`, for the first load in a constructor. */
  readonly buildSync: (bytes: Uint8Array, path: string, sha256: Sha256Hex) => BuildOutcome;
}

export interface WatchedPolicySource extends PolicySource {
  /** Looks at the file now, as the poll does (SIGHUP). */
  lookAgain(): void;
}
