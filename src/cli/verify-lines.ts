/** One log verified on this thread, and each of its lines handed on in the same pass. */
import type { Beside } from '../core/verify/end-evidence.js';
import type { Report } from '../core/verify/findings.js';
import type { Restore } from '../core/verify/shipped.js';
import { DigestPool } from './digest-pool.js';
import type { LogFiles } from './log-files.js';
import { verifyFiles } from './verify-files.js';

/**
 * @param restore Takes off what a shipper added; null: the lines are as they were written.
 * @param line Gets the bytes of each line in order, judged or not; valid during the call.
 * @throws Fault `log_unreadable`
 */
export async function verifyLines(
  log: LogFiles,
  keys: readonly Uint8Array[],
  beside: Beside,
  restore: Restore | null,
  line: (bytes: Uint8Array) => void,
): Promise<Report> {
  const run = { pool: new DigestPool(0), restore, read: () => {}, line };
  return await verifyFiles(log, { keys, expect: null, beside }, run);
}
