/**
 * Every system call of a log's life fails once: the call is made or not, and reports an error either way.
 *
 * The life: a start, records, files that end by size, retention, an epoch that ends by time, a close, a start in order.
 */
import assert from 'node:assert/strict';
import fs, { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditLogSettings, openAuditLog } from '#src/agent/audit-log.js';
import type { AuditLog } from '#src/agent/types.js';
import { verify } from '#src/cli/verify.js';
import { decision, settingsAt } from './audit-log.js';
import { runCommand } from './cli-command.js';

/** `failed`: it did not happen. `persisted`: it did, and the answer was an error all the same. */
export type Way = 'failed' | 'persisted';

export const CALLS = [
  ...(['openSync', 'closeSync', 'writeSync', 'ftruncateSync', 'fsyncSync', 'fdatasyncSync', 'renameSync'] as const),
  ...(['linkSync', 'unlinkSync', 'symlinkSync', 'fstatSync', 'lstatSync', 'fchmodSync', 'utimesSync'] as const),
  ...(['readSync', 'readFileSync', 'readdirSync', 'readlinkSync', 'statSync', 'statfsSync', 'mkdirSync'] as const),
];
type Call = (...args: never[]) => unknown;

/** Lets call number `at` (0 is the first) fail; gives the names of all calls that were made. */
function withFault<T>(at: number, way: Way, act: () => T): { readonly calls: readonly string[]; readonly answer: T } {
  const table = fs as unknown as Record<string, Call>;
  const real = new Map(CALLS.map(name => [name, table[name] as Call]));
  const calls: string[] = [];
  for (const [name, call] of real) {
    table[name] = (...args: never[]) => {
      calls.push(name);
      if (calls.length - 1 !== at) return call(...args);
      // A close that fails has closed: so does the kernel.
      if (way === 'persisted' || name === 'closeSync') call(...args);
      const code = way === 'failed' ? 'ENOSPC' : 'EIO';
      throw Object.assign(new Error(`${code}: ${name}`), { code });
    };
  }
  syncBuiltinESMExports();
  try {
    return { answer: act(), calls };
  } finally {
    for (const [name, call] of real) table[name] = call;
    syncBuiltinESMExports();
  }
}

interface Accepted {
  readonly id: string;
  readonly seq: number;
}

const DAY_MS = 86_400_000;
const RECORDS = 14;

function live(settings: AuditLogSettings, clock: { ms: number }): readonly Accepted[] {
  const accepted: Accepted[] = [];
  // A fault in the opening is said, and it may be tried again.
  const open = (): AuditLog => {
    try {
      return openAuditLog(settings);
    } catch (error) {
      assert.equal((error as Error).name, 'Fault', String((error as Error).stack));
      return openAuditLog(settings);
    }
  };
  const put = (log: AuditLog, n: number): void => {
    clock.ms += 1001;
    try {
      log.append(decision(n));
      accepted.push({ id: `r-${n}`, seq: log.size - 1 });
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'audit_unavailable', String((error as Error).stack));
    }
  };
  let log = open();
  for (let n = 0; n < 8; n += 1) put(log, n);
  log.reopen();
  clock.ms += DAY_MS;
  for (let n = 8; n < 10; n += 1) put(log, n);
  log.close();
  log = open();
  for (let n = 10; n < RECORDS; n += 1) put(log, n);
  log.close();
  return accepted;
}

/** One life with one fault, and what must be so after it. Gives the calls that were made. */
export async function lifeWithFault(at: number, way: Way): Promise<readonly string[]> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'checkrd-fault-'));
  try {
    const clock = { ms: Date.now() };
    const settings: AuditLogSettings = {
      ...settingsAt(folder),
      lockProgram: 'no-such-program',
      clock: { wallMs: () => clock.ms },
      rotation: { maxBytes: 2500, daily: false },
      retention: { keepFiles: 2, keepDays: null, keepBytes: null, hold: false },
      reserveBytes: 4096,
    };
    const { answer: accepted, calls } = withFault(at, way, () => live(settings, clock));
    // Whatever it was, it is over: the next start has all of it, and goes on.
    const last = openAuditLog(settings);
    last.append(decision(RECORDS));
    last.close();
    await judge(folder, accepted);
    return calls;
  } catch (error) {
    throw new Error(`call ${at} ${way}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function judge(folder: string, accepted: readonly Accepted[]): Promise<void> {
  const files = readdirSync(join(folder, 'log'))
    .filter(name => /^audit\b.*\.jsonl$/.test(name))
    .map(name => join(folder, 'log', name))
    .filter(path => fs.lstatSync(path).isFile());
  const text = files.map(file => readFileSync(file, 'latin1')).join('');
  const removedTo = Math.max(
    0,
    ...[...text.matchAll(/"size":(\d+),[^\n]*"type":"segment_removed"/g)].map(m => Number(m[1])),
  );
  const kept = new Set([...text.matchAll(/"request_id":"(r-\d+)"/g)].map(([, id]) => id));
  for (const { id, seq } of accepted) assert.ok(kept.has(id) || seq < removedTo, `${id} (${seq}) is lost`);
  const ids = new Set(accepted.map(({ id }) => id));
  for (const id of kept) assert.ok(ids.has(id as string) || id === `r-${RECORDS}`, `${id} was refused and is there`);
  assert.ok(accepted.length >= RECORDS - 2, `${accepted.length} accepted: it did not go on by itself`);
  const pubs = readdirSync(join(folder, 'keys')).filter(name => name.endsWith('.pub'));
  const keys = pubs.flatMap(name => ['--key', join(folder, 'keys', name)]);
  const run = await runCommand(verify, ['--json', ...keys, ...files]);
  assert.equal(run.code, 0, run.out.join('\n'));
}
