/** The flag `--from`. */
import { type Restore, restorer, SHIPPERS } from '../core/verify/shipped.js';
import { Misuse } from './args.js';

/** Null when the lines are as they were written. @throws Misuse */
export function restoreFrom(text: string | null): Restore | null {
  if (text === null) return null;
  const shipper = SHIPPERS.find(name => name === text);
  if (shipper === undefined) throw new Misuse(`'${text}' is no shipper`, `it is one of ${SHIPPERS.join(', ')}`);
  return restorer(shipper);
}
