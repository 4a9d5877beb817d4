/** The flag `--from`, of every command that reads a log: a shipped copy is as good as the file. */

import { BLOCK_BYTES } from '../core/verify/line-blocks.js';
import { type Restore, restorer, SHIPPERS } from '../core/verify/shipped.js';
import { type Args, Misuse } from './args.js';
import type { Flag } from './flags.js';

export const FROM: Flag = { takes: { called: 'SHIPPER', is: SHIPPERS }, means: 'takes off what a shipper added' };

/** A line of a copy is longer than the record in it, and may hold many. */
export const COPY_LINE_MAX_BYTES = BLOCK_BYTES;

/** Null when the lines are as they were written. @throws Misuse */
export function restoreFrom(given: Args): Restore | null {
  const text = given.text('from');
  if (text === null) return null;
  const shipper = SHIPPERS.find(name => name === text);
  if (shipper === undefined) throw new Misuse(`'${text}' is no shipper`, `it is one of ${SHIPPERS.join(', ')}`);
  return restorer(shipper);
}
