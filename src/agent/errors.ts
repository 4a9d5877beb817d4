/**
 * The errors that reach a program using the library.
 *
 * They are recognised by a registered symbol, not by class: two copies of this module in one process still know each
 * other's errors.
 */
import type { DecisionCode } from '../core/decide/types.js';

const DENIED = Symbol.for('checkrd.policy_denied');
/** Deeper chains of `cause` are no error report any more. */
const CAUSE_MAX_DEPTH = 32;

export interface Denial {
  readonly code: DecisionCode;
  /** A sentence without header or body values. */
  readonly reason: string;
  /** UUIDv7 of the decision's record; null only where none could be made. */
  readonly requestId: string | null;
  /** What the caller may do instead, when the policy says so. */
  readonly hint?: string | null;
  /** With `rate_limited`: milliseconds until the call would pass. */
  readonly retryAfterMs?: number;
}

/** A call that must not proceed, or was ended by the kill switch. Match on `code`, never on the message. */
export class CheckrdPolicyDenied extends Error {
  override readonly name = 'CheckrdPolicyDenied';
  readonly code: DecisionCode;
  readonly reason: string;
  readonly requestId: string | null;
  readonly hint: string | null;
  readonly retryAfterMs: number | undefined;

  constructor(denial: Denial, options?: { cause?: unknown }) {
    super(denial.reason, options);
    this.code = denial.code;
    this.reason = denial.reason;
    this.requestId = denial.requestId;
    this.hint = denial.hint ?? null;
    this.retryAfterMs = denial.retryAfterMs;
    Object.defineProperty(this, DENIED, { value: true });
  }
}

/** Construction failed: nothing was started, no call is let through. `hint` is the next step. */
export class CheckrdInitError extends Error {
  override readonly name = 'CheckrdInitError';
  constructor(
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/**
 * Finds the denial in an error or in its chain of `cause`: SDKs wrap what `fetch` throws.
 * Never throws, whatever it is given.
 */
export function findPolicyDenied(error: unknown): CheckrdPolicyDenied | null {
  let at = error;
  for (let depth = 0; depth < CAUSE_MAX_DEPTH && typeof at === 'object' && at !== null; depth++) {
    try {
      if ((at as { [DENIED]?: unknown })[DENIED] === true) return at as CheckrdPolicyDenied;
      at = (at as { cause?: unknown }).cause;
    } catch {
      return null;
    }
  }
  return null;
}

/** True when `error`, or anything in its chain of `cause`, is a denial by checkrd. */
export function isCheckrdPolicyDenied(error: unknown): boolean {
  return findPolicyDenied(error) !== null;
}
