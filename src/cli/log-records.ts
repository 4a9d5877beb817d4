/**
 * The records of logs for commands that draw conclusions from them: verified first, in one pass, so that what was judged and
 * what was used are the same bytes. Whoever takes the records says nothing before the verdict is in.
 */
import { resolve } from 'node:path';
import { type FlatRecord, parseLine } from '../core/audit/canonical.js';
import { boundedText } from '../core/audit/text.js';
import { fromUtf8 } from '../core/bytes.js';
import { rfc3339Ms } from '../core/time/rfc3339.js';
import type { Report } from '../core/verify/findings.js';
import type { Args } from './args.js';
import { besideLog } from './beside-log.js';
import { type Flags, LOG_KEY, TIME } from './flags.js';
import type { CliIo } from './io.js';
import { groupFiles } from './log-files.js';
import { logKeys } from './log-keys.js';
import { timeOf } from './record-flags.js';
import { FROM, restoreFrom } from './restore-from.js';
import { verifyLines } from './verify-lines.js';

/** What every such command takes. */
export const LOG_FLAGS: Flags = {
  key: {
    ...LOG_KEY,
    means: "the log's public key, or the path of its .pub file, as for `checkrd verify`; may be repeated",
  },
  from: FROM,
  unverified: { means: 'go on though the log is not what was written, or no key signed any of it' },
  since: { takes: TIME, means: 'only decisions from this time on (RFC 3339)' },
  until: { takes: TIME, means: 'only decisions before this time (RFC 3339)' },
};

export interface LogRead {
  /** False: it must not be used, and why has been said. */
  readonly usable: boolean;
  readonly logs: readonly LogVerdict[];
}

export interface LogVerdict {
  readonly log: string;
  readonly verdict: Report['verdict'];
  /** What a reader must know of it, as a sentence; null when it is intact and signed to its end by a pinned key. */
  readonly note: string | null;
}

/** How one goes on all the same, for a command with {@link LOG_FLAGS}. */
export const GO_ON_UNVERIFIED = '--unverified goes on all the same';

/**
 * A log of which the keys given, or those of the trust folders, signed nothing is as little use as one that was tampered with:
 * whoever names a key asks for what its owner wrote. Without any key the origin is noted as unproven, and the log is used.
 *
 * @param goOn  The sentence that tells how.
 * @param begin Called before the first record of each log; what it returns takes the records.
 * @throws Misuse, Fault `log_unreadable`
 */
export async function readLogs(
  given: Args,
  io: CliIo,
  goOn: string,
  begin: () => (record: FlatRecord) => void,
): Promise<LogRead> {
  const from = timeOf(given, 'since') ?? Number.NEGATIVE_INFINITY;
  const to = timeOf(given, 'until') ?? Number.POSITIVE_INFINITY;
  const restore = restoreFrom(given);
  const keys = logKeys(given.list('key'), io);
  const logs: LogVerdict[] = [];
  let [tampered, unsigned] = [false, false];
  for (const log of await groupFiles(
    given.words.map(word => resolve(io.cwd, word)),
    restore,
  )) {
    const take = begin();
    const report = await verifyLines(log, keys, besideLog(log), restore, bytes => {
      const text = fromUtf8(bytes);
      const parsed = text === null ? null : parseLine(text);
      if (!parsed?.ok || parsed.record.log !== log.origin) return;
      const ms = typeof parsed.record.time === 'string' ? rfc3339Ms(parsed.record.time) : null;
      if (ms !== null && ms >= from && ms < to) take(parsed.record);
    });
    const note = noteOf(report);
    logs.push({ log: report.origin, verdict: report.verdict, note });
    if (note !== null) io.err(boundedText(`${report.origin}: ${note}`, NOTE_MAX_BYTES));
    if (report.verdict === 'tampered') tampered = true;
    else if (report.pinned && report.signedTo === report.firstSeq) unsigned = true;
  }
  if (logs.length === 0) {
    io.err('error: there is no record in these files');
    io.err('hint: name files of an audit log, plain or packed with gzip or zstd');
    return { usable: false, logs };
  }
  const usable = given.on('unverified') || !(tampered || unsigned);
  if (!usable && tampered) {
    io.err('error: the log is not what was written, so nothing is concluded from it');
    io.err(`hint: \`checkrd verify\` says what is wrong with it; ${goOn}`);
  } else if (!usable) {
    io.err('error: the key signed nothing of the log, so nothing is concluded from it');
    io.err(`hint: name the files up to its next checkpoint as well; ${goOn}`);
  }
  return { usable, logs };
}

const NOTE_MAX_BYTES = 1024;

function noteOf({ verdict, findings, pinned, signedTo, firstSeq, size }: Report): string | null {
  const [first] = findings;
  if (first !== undefined) return `${verdict === 'tampered' ? 'TAMPERED: ' : ''}${first.code}: ${first.detail}`;
  if (verdict === 'intact')
    return signedTo < size ? `the last ${size - signedTo} of its records are not signed yet` : null;
  if (signedTo === firstSeq) return 'origin unproven: nothing in it is signed';
  return pinned ? 'origin unproven' : 'origin unproven: no key was given (--key)';
}
