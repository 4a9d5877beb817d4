/** What a watched policy is made of, and what it needs from its surroundings. Types only. */
import type { OperatorActionFields, PolicyLoadedFields, PolicyRejectedFields } from '../core/audit/fields.js';
import type { Sha256Hex } from '../core/brand.js';
import type { Fault } from '../core/fault.js';
import type { PolicyIssue } from '../core/policy/issues.js';
import type { PolicySet } from '../disk/policy-set.js';
import type { Timers } from '../disk/timers.js';
import type { Generation, PolicySource, SecurityMode } from './types.js';

export type { PolicyDocument, PolicySet } from '../disk/policy-set.js';

export interface BuildRefusal {
  readonly ok: false;
  readonly issues: readonly PolicyIssue[];
  /** The document they are about; absent: the main one. */
  readonly path?: string;
}

export type BuildOutcome = { readonly ok: true; readonly generation: Generation } | BuildRefusal;

/** What came of building the policy in force again. */
export type Rebuilt = 'rebuilt' | 'superseded' | BuildRefusal;

/** Parses, compiles, tests and instantiates every document of a set. Paths are for messages and tell JSON from YAML. */
export type Build = (set: PolicySet) => Promise<BuildOutcome> | BuildOutcome;
export type BuildSync = (set: PolicySet) => BuildOutcome;

/** What was proven of one document before it was parsed. */
export interface DocumentFacts {
  /** As signed. */
  readonly version?: number;
  /** Key IDs of those who signed, joined by `,`. */
  readonly signedBy?: string;
}

export type Admission =
  | {
      readonly ok: true;
      /** By document, in the order of the set. */
      readonly facts: readonly DocumentFacts[];
      /** What can be judged only of what was built; a Fault keeps it from going live. */
      readonly confirm?: (next: Generation, live: Generation | null) => Fault | null;
    }
  | {
      readonly ok: false;
      readonly fault: Fault;
      /** The file it is about; absent: the main document. */
      readonly path?: string;
    };

export type PolicyRecord = PolicyLoadedFields | PolicyRejectedFields | OperatorActionFields;

export interface PolicySourceOptions {
  /** The main document; `policy.d` beside it holds the layers. */
  readonly path: string;
  /** Where policies that went live are kept; null: nowhere, and no last good one after a restart. */
  readonly stateDir: string | null;
  readonly build: Build;
  /** As `build`, for the first load, in a constructor. */
  readonly buildSync: BuildSync;
  /** SHA-256 as hexadecimal. */
  readonly hash: (bytes: Uint8Array) => Sha256Hex;
  /**
   * Whether these bytes may go live at all, asked after they are read and before they are parsed; also of the last good
   * set that a start would bring back. Synchronous. Absent: all may.
   */
  readonly admit?: (set: PolicySet, why: 'load' | 'recall') => Admission;
  /** A text that is another whenever `admit` may answer otherwise about the same bytes: looked at with the files. */
  readonly admittedBy?: () => string;
  /** Writes a record. When it throws, the record is kept and tried again. */
  readonly report: (record: PolicyRecord) => void;
  /** Carries the limit counters over, just before the swap and in the same tick. Throwing rejects the new policy. */
  readonly adopt: (old: Generation, next: Generation) => void;
  readonly securityMode: SecurityMode;
  /** The group that may write policies; null: none. */
  readonly operatorsGid?: number | null;
  /** False: the files are read at start and at `lookAgain` only. */
  readonly watch?: boolean;
  readonly timers?: Timers;
}

export interface WatchedPolicySource extends PolicySource {
  /** Looks at the files now, as the poll does (SIGHUP). */
  lookAgain(): void;
  /** What the policy in force was built from; null: none is. */
  readonly inForce: PolicySet | null;
  /**
   * Builds the policy in force again from the bytes it was built from, and puts the result in its place with all counters:
   * for another engine. What is being built meanwhile begins again. Writes no record.
   *
   * @param of  What `inForce` said: if it has changed, or changes meanwhile, nothing is done (`superseded`).
   * @param swapped  Called in the tick in which the new one takes the old one's place.
   * @throws what `build` and `adopt` throw; the policy in force stays.
   */
  rebuild(of: PolicySet | null, build: Build, swapped: () => void): Promise<Rebuilt>;
}
