/** What a look at an installation came to: one finding for each thing that was looked at. */

/** In the order in which they are looked at and shown. */
export const CHECKS = [
  'settings',
  'policy',
  'signatures',
  'files',
  'separation',
  'kill_switch',
  'log',
  'keys',
  'disk_space',
  'network_filesystem',
  'sockets',
  'engine',
  'node',
  'lock_program',
  'machine_id',
  'clock',
] as const;
export type Check = (typeof CHECKS)[number];

/** `unseen`: whoever asks may not look there. */
export type Grade = 'ok' | 'warning' | 'failure' | 'unseen';

export interface Finding {
  readonly check: Check;
  readonly grade: Grade;
  /** The path that it is about; null: none. */
  readonly where: string | null;
  /** A sentence without a full stop. */
  readonly says: string;
  /** A command for a shell, as root or the owner; null: none mends it. */
  readonly mend: string | null;
  /** What else to do; null: nothing. */
  readonly hint: string | null;
}

type More = { readonly mend?: string | null; readonly hint?: string | null };

export function finding(check: Check, grade: Grade, where: string | null, says: string, more: More = {}): Finding {
  return { check, grade, where, says, mend: more.mend ?? null, hint: more.hint ?? null };
}

/** @param error the system's code */
export function unseen(check: Check, where: string, error: string): Finding {
  return finding(check, 'unseen', where, `it could not be looked at (${error})`, {
    hint: 'ask again as root, or as the user that owns it',
  });
}

/** Codes that say more about who asks than about what is there. */
export function isForbidden(error: string): boolean {
  return error === 'EACCES' || error === 'EPERM';
}

/** By check, and within one as found. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  return CHECKS.flatMap(check => findings.filter(found => found.check === check));
}

export function counted(findings: readonly Finding[]): Readonly<Record<Grade, number>> {
  const counts = { ok: 0, warning: 0, failure: 0, unseen: 0 };
  for (const { grade } of findings) counts[grade] += 1;
  return counts;
}
