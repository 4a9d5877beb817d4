/**
 * The tree, checkpoints and keys of one log from its files, verified in the same pass.
 *
 * @see ../core/evidence/harvest.ts
 */
import { resolve } from 'node:path';
import { boundedText } from '../core/audit/text.js';
import { fromUtf8 } from '../core/bytes.js';
import { Harvest, type Harvested } from '../core/evidence/harvest.js';
import { Fault } from '../core/fault.js';
import type { Report } from '../core/verify/findings.js';
import { sha256 } from '../crypto/sha256.js';
import { type Args, Misuse } from './args.js';
import { besideLog } from './beside-log.js';
import type { CliIo } from './io.js';
import { groupFiles } from './log-files.js';
import { logKeys } from './log-keys.js';
import { restoreFrom } from './restore-from.js';
import { verifyLines } from './verify-lines.js';

export interface HarvestedLog {
  readonly origin: string;
  readonly harvest: Harvest;
  readonly report: Report;
  /** `key_rotated` lines, in order: those of the `.epochs` file beside it, and those in it. */
  readonly rotations: readonly string[];
  /** Those that every proof is checked against before it is handed over. */
  readonly keys: readonly Uint8Array[];
}

/**
 * @param oldSize Also keep what shows that so many lines are the beginning of all.
 * @param wanted Gets each record in order; whether it is to be proven.
 * @throws Misuse; Fault `log_unreadable`; Fault `no_proof` when there is no key, no record, or the log was tampered with
 *         and `--unverified` is not given.
 */
export async function harvestLog(
  given: Args,
  io: CliIo,
  oldSize: number | null,
  wanted: (found: Harvested) => boolean,
): Promise<HarvestedLog> {
  const keys = logKeys(given.list('key'), io);
  if (keys.length === 0)
    throw new Fault('no_proof', { why: 'no key was given (--key), so nothing would prove its origin' });
  const wantedSize = sizeOf(given, 'size');
  const restore = restoreFrom(given);
  const logs = await groupFiles(
    given.words.map(word => resolve(io.cwd, word)),
    restore,
  );
  const [log] = logs;
  if (log === undefined) throw new Fault('no_proof', { why: 'there is no record in these files' });
  if (logs.length > 1) {
    throw new Misuse(
      `these are files of ${logs.length} logs: ${logs.map(l => boundedText(l.origin, 128)).join(', ')}`,
      'name the files of one',
    );
  }
  const harvest = new Harvest(sha256, log.origin, wantedSize, oldSize);
  const beside = besideLog(log);
  const report = await verifyLines(log, keys, beside, restore, bytes => harvest.add(bytes, wanted));
  const [first] = report.findings;
  if (report.verdict === 'tampered' && first !== undefined && !given.on('unverified')) {
    throw new Fault('no_proof', {
      why: boundedText(`the log is not what was written: ${first.code}: ${first.detail}`, 512),
    });
  }
  // The copies beside the log go back further than files that were removed.
  const copies = beside.epochs.map(bytes => fromUtf8(bytes) ?? '');
  const rotations = [...new Set([...copies, ...harvest.rotations])];
  return { origin: log.origin, harvest, report, keys, rotations };
}

/** A count of records; null when the flag is not given. */
export function sizeOf(given: Args, flag: string): number | null {
  const text = given.text(flag);
  if (text === null) return null;
  if (!/^(0|[1-9][0-9]{0,14})$/.test(text)) throw new Misuse(`--${flag} is a count of records`);
  return Number(text);
}
