/** The flag `--expect` as a size and root. */
import { EXPECTATION_FORM, parseExpectation } from '../core/verify/expectation.js';
import type { Expectation } from '../core/verify/tree.js';
import { Misuse } from './args.js';

/** @throws Misuse */
export function expectation(text: string | null): Expectation | null {
  if (text === null) return null;
  const expect = parseExpectation(text);
  if (expect === null) throw new Misuse('--expect is SIZE:ROOT', EXPECTATION_FORM);
  return expect;
}
