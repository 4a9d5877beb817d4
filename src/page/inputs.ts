/** What the auditor typed or pasted, as keys and an end. */
import { EXPECTATION_FORM, parseExpectation } from '../core/verify/expectation.js';
import type { Expectation } from '../core/verify/tree.js';
import { parsePublicKey } from '../crypto/public-key.js';
import { Refused } from './dropped.js';

/** One a line. @throws Refused for a line that is none: a pin must not vanish silently */
export function keysOf(text: string): readonly Uint8Array[] {
  const lines = text.split('\n').map(line => line.trim());
  return lines.flatMap((line, index) => {
    if (line === '') return [];
    const key = parsePublicKey(line);
    if (key === null)
      throw new Refused(
        `Line ${index + 1} is no usable Ed25519 public key: the text of a .pub file, base64 of 32 bytes.`,
      );
    return [key];
  });
}

/** @throws Refused */
export function expectedEndOf(text: string): Expectation | null {
  if (text.trim() === '') return null;
  const expect = parseExpectation(text.trim());
  if (expect === null) throw new Refused(`This is not SIZE:ROOT. ${EXPECTATION_FORM}.`);
  return expect;
}
