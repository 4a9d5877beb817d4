/** Encodes the body section of a program. */
import type { BodyMatcher, JsonPath } from '../checked.js';

export interface BodyInput {
  readonly matchers: readonly BodyMatcher[];
  readonly fields: readonly JsonPath[];
}

export function encodeBodySection(_input: BodyInput): { section: Uint8Array } {
  return { section: new Uint8Array(64) };
}
