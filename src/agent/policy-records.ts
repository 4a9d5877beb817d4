/**
 * The records of a reload, written once each and never lost to a log that cannot be written just now.
 */
import type { PolicyLoadedFields, PolicyRejectedFields } from '../core/audit/fields.js';
import type { Sha256Hex } from '../core/brand.js';
import type { Rejection } from '../core/reload/machine.js';
import type { PolicyRecord } from './policy-ports.js';
import type { Generation } from './types.js';

export interface PolicyRecords {
  write(record: PolicyRecord): void;
  /** Tries again what could not be written. */
  retry(): void;
}

/** Reload attempts are rare; more than this many unwritten ones are a log that is gone. */
const MAX_OWED = 100;

/** @param report May throw: the record is then kept, in order, for the next try. */
export function openPolicyRecords(report: (record: PolicyRecord) => void): PolicyRecords {
  const owed: PolicyRecord[] = [];
  function retry(): void {
    while (owed[0] !== undefined) {
      try {
        report(owed[0]);
      } catch {
        // Decisions are refused while the log fails; nothing more to do here.
        if (owed.length > MAX_OWED) owed.shift();
        return;
      }
      owed.shift();
    }
  }
  return {
    write(record) {
      owed.push(record);
      retry();
    },
    retry,
  };
}

export function loadedRecord(sha256: Sha256Hex, generation: Generation, path: string): PolicyLoadedFields {
  const rules = generation.documents.reduce((sum, document) => sum + document.ruleNames.length, 0);
  const version = generation.documents[0]?.version ?? null;
  return { type: 'policy_loaded', policy_sha256: sha256, path, rules, ...(version === null ? {} : { version }) };
}

export function rejectedRecord({ sha256, issue }: Rejection, path: string): PolicyRejectedFields {
  return {
    type: 'policy_rejected',
    ...(sha256 === null ? {} : { policy_sha256: sha256 }),
    path,
    error: issue.code,
    ...('line' in issue && issue.line !== null ? { line: issue.line } : {}),
    ...('column' in issue && issue.column !== null ? { column: issue.column } : {}),
  };
}
