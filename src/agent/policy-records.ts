/**
 * The records of a reload, written once each and never lost to a log that cannot be written just now.
 */
import type { PolicyLoadedFields, PolicyRejectedFields } from '../core/audit/fields.js';
import type { Fault } from '../core/fault.js';
import type { Problem, Rejection } from '../core/reload/machine.js';
import type { DocumentFacts, PolicyRecord } from './policy-ports.js';
import type { Generation } from './types.js';

export interface OwedRecords<R> {
  write(record: R): void;
  /** Tries again what could not be written. */
  retry(): void;
}

/** With the next step, as health says it. */
export function problemOf({ code, message, hint }: Fault): Problem {
  return { code, message: `${message}; ${hint}` };
}

/** Reload attempts are rare; more than this many unwritten ones are a log that is gone. */
const MAX_OWED = 100;

/** @param report May throw: the record is then kept, in order, for the next try. */
export function openPolicyRecords<R = PolicyRecord>(report: (record: R) => void): OwedRecords<R> {
  const owed: R[] = [];
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

/** @param facts  What was proven of each document, in order; absent: nothing. */
export function loadedRecord(
  generation: Generation,
  path: string,
  facts: readonly DocumentFacts[] = [],
): PolicyLoadedFields {
  const rules = generation.documents.reduce((sum, document) => sum + document.ruleNames.length, 0);
  const version = facts[0]?.version ?? generation.documents[0]?.version ?? null;
  const signers = new Set(facts.flatMap(({ signedBy }) => signedBy?.split(',') ?? []));
  return {
    type: 'policy_loaded',
    policy_sha256: generation.id,
    path,
    rules,
    ...(version === null ? {} : { version }),
    ...(signers.size === 0 ? {} : { signed_by: [...signers].join(',') }),
  };
}

export function rejectedRecord({ sha256, issue, path }: Rejection, main: string): PolicyRejectedFields {
  return {
    type: 'policy_rejected',
    ...(sha256 === null ? {} : { policy_sha256: sha256 }),
    path: path ?? main,
    error: issue.code,
    ...('line' in issue && issue.line !== null ? { line: issue.line } : {}),
    ...('column' in issue && issue.column !== null ? { column: issue.column } : {}),
  };
}
