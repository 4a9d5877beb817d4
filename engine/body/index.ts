/**
 * The body half of a decision: which bodies can be read, what stands at the wanted paths, and whether it passes.
 *
 *   in   : a body section (src/core/policy/program/body.ts), the bytes of one body, its content type
 *   out  : FALSE 0, UNKNOWN 1, TRUE 2 for each matcher; a key for each limit field; the `_method` values of a form
 *   never: allocates, keeps anything of a body past the next bodyOpen or bodyReset, reads outside what it was given
 *
 * Order of calls: bodySectionCheck, bodyScratchBytes, bodyInit once; then for each request bodyReset or bodyOpen,
 * the wants, bodyScan, and any number of questions. A question about something not wanted is UNKNOWN.
 */

/** Whether the section is whole. Everything else may be called only after this said true. */
export function bodySectionCheck(ptr: usize, len: u32): bool {
  return false;
}

/** Bytes of working memory for the checked section, a multiple of 16. */
export function bodyScratchBytes(): u32 {
  return 0;
}

export function bodyInit(scratch: usize): void {}

/** The request has no body. */
export function bodyReset(): void {}

/** `encodingPresent`: a Content-Encoding other than empty or identity stands. */
export function bodyOpen(ptr: usize, len: u32, ctPtr: usize, ctLen: u32, ctLines: u32, encodingPresent: bool): void {}

/** Whether a body of this type may be a form, and so may carry `_method`. */
export function isFormType(ctPtr: usize, ctLen: u32, ctLines: u32): bool {
  return true;
}

export function bodyWantMatcher(i: u32): void {}
export function bodyWantField(j: u32): void {}
export function bodyScan(): void {}

/** `effect`: 0 allow, 1 deny, 2 limit. */
export function bodyTest(i: u32, effect: u32): i32 {
  return 1;
}

/** Longest key that bodyFieldKey writes. */
export const BODY_KEY_MAX: u32 = 257;

/** Writes the key of field `j` to `out` (BODY_KEY_MAX bytes of room); 0: the shared key. */
export function bodyFieldKey(j: u32, out: usize): u32 {
  return 0;
}

/** Values of `_method` in a form; -1: the form cannot be read. */
export function bodyFormMethodCount(): i32 {
  return -1;
}

/** Decoded bytes of value `k`, good until the next call of this or of bodyOpen; cut to 256 bytes. */
export function bodyFormMethodPtr(k: u32): usize {
  return 0;
}

export function bodyFormMethodLen(k: u32): u32 {
  return 0;
}
