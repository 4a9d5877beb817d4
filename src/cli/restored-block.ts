/** A block of a shipped copy as a block of the lines that were written. */
import { concat } from '../core/bytes.js';
import type { Restore } from '../core/verify/shipped.js';

const LF = 0x0a;
const NEWLINE = Uint8Array.of(LF);

export function restoredBlock(restore: Restore, block: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let begin = 0;
  for (let lf = block.indexOf(LF); lf !== -1; lf = block.indexOf(LF, begin)) {
    for (const line of restore(block.subarray(begin, lf))) parts.push(line, NEWLINE);
    begin = lf + 1;
  }
  return concat(...parts);
}
