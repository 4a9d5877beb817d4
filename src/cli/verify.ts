/**
 * `checkrd verify`: is this log what was written, as far as its files and a key can tell?
 *
 * Exit codes fail closed. 0 is said only when everything is in order and a pinned key signed it: without a key anybody who
 * can write the file could have written all of it anew, so a consistent log is 2, "cannot say", with a loud line. A torn
 * end is 2 as well: a crash and a cut look alike. 1 is any trace of tampering. Lines after the last checkpoint (a second's
 * worth in a log being written) do not change the code; `signed` says where signing ends.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Beside } from '../core/verify/end-evidence.js';
import type { Report } from '../core/verify/findings.js';
import { worstVerdict } from '../core/verify/report-text.js';
import { openedAs } from '../disk/byte-source.js';
import { Misuse } from './args.js';
import { besideLog } from './beside-log.js';
import { DigestPool } from './digest-pool.js';
import { expectedEnd, isOfLog, witnessJson, witnessText } from './expected-end.js';
import { ANY, COUNT, FILE, KEY } from './flags.js';
import { type Command, EXIT } from './io.js';
import { groupFiles } from './log-files.js';
import { keyGiven, logKeys } from './log-keys.js';
import { progressOf } from './progress.js';
import { FROM, restoreFrom } from './restore-from.js';
import { verifyFiles } from './verify-files.js';
import { printReport } from './verify-report.js';

export const verify: Command = {
  name: 'verify',
  summary: 'say whether an audit log is what was written',
  synopsis: [
    '[--key KEY]... [--identity KEY]... [--expect SIZE:ROOT | --expect @NOTE --witness VKEY] [--from SHIPPER] [--jobs N] [--json] FILE...',
  ],
  about: `
Reads the files of one or several logs in any order, plain or compressed (gzip, Zstandard), and says how far each log is
intact, how far it is signed and by which keys, whether its end is attested, and names the first bad line and what is wrong
with it. The state file and the .epochs file of a log are read where they lie beside its files.`,
  operands: { min: 1, max: ANY, what: 'at least one file of the log', takes: FILE },
  flags: {
    key: {
      takes: KEY,
      means:
        "a log's public key, or the path of its .pub file, obtained before any intrusion; may be repeated; without it trust/log/*.pub of the configuration directory are used, and without those the origin is unproven",
      repeats: true,
    },
    identity: {
      takes: KEY,
      means: 'the public key of an identity, or its path: the log must be endorsed by it, or by one of several',
      repeats: true,
    },
    expect: {
      takes: { called: 'HEAD', is: 'text' },
      means:
        'a size and root kept elsewhere (SIZE:ROOT, hexadecimal or base64), or after @ the path of a note that a witness has signed: finds a shortened end',
    },
    witness: {
      takes: { called: 'VKEY', is: 'file' },
      means: "the witness's key, as `checkrd witness --vkey` prints it, or the path of a file with one a line",
    },
    from: FROM,
    jobs: {
      takes: COUNT,
      means:
        "threads that read lines; 1: none besides the program's own; as many as processors, at most 4, if not given",
    },
  },
  exit: {
    ok: 'intact and signed by a pinned key',
    no: 'tampered',
    unknown: 'cannot say (no key, no signature, a torn end)',
  },
  async run(given, io) {
    const end = expectedEnd(given, io);
    const { expect } = end;
    const restore = restoreFrom(given);
    const jobs = jobsGiven(given.text('jobs'));
    const keys = logKeys(given.list('key'), io);
    const identities = given.list('identity').map(key => keyGiven(key, io));
    const logs = await groupFiles(
      given.words.map(word => resolve(io.cwd, word)),
      restore,
    );
    if (expect !== null && logs.length > 1)
      throw new Misuse('--expect speaks of one log, and the files are of several');
    isOfLog(end, logs[0]?.origin);
    const besides = logs.map(besideLog);
    const packed = logs.flatMap(log => log.files).reduce((sum, { path }) => sum + openedAs(path).sizeBytes, 0);
    const pool = new DigestPool(jobs ?? threadsFor(packed));
    const reports: Report[] = [];
    const progress = progressOf(io);
    try {
      for (const [index, log] of logs.entries()) {
        const options = { keys, identities, expect, beside: besides[index] as Beside };
        reports.push(await verifyFiles(log, options, { pool, restore, read: progress.read }));
      }
    } finally {
      progress.end();
      await pool.close();
    }
    const verdict = worstVerdict(reports);
    if (given.on('json')) io.out(JSON.stringify({ verdict, logs: reports, witness: witnessJson(end) }));
    else if (reports.length === 0) io.out('no record in these files: cannot say');
    else for (const report of reports) printReport(report, witnessText(end), io);
    return { intact: EXIT.ok, tampered: EXIT.no, cannot_say: EXIT.unknown }[verdict];
  },
};

/** Below this a thread takes longer to start than it saves. */
const THREADS_FROM_BYTES = 16 * 1024 * 1024;
/** More of them bring little, and each takes 20 MB. */
const THREADS_MAX = 4;

function threadsFor(sizeBytes: number): number {
  const processors = availableParallelism();
  return sizeBytes < THREADS_FROM_BYTES || processors < 2 ? 0 : Math.min(processors, THREADS_MAX);
}

function jobsGiven(text: string | null): number | null {
  if (text === null) return null;
  if (!/^[1-9][0-9]?$/.test(text)) throw new Misuse('--jobs is a count of threads, 1 to 99');
  return text === '1' ? 0 : Number(text);
}
