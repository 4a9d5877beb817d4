/**
 * `checkrd verify` against a plain verifier that makes the same checks, whole programs from start to exit.
 *
 * CHECKRD_BENCH_VERIFY_MB sets the size of the log (200); 1000 is what the memory bound is stated for.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { openAuditLog } from '#src/agent/audit-log.js';
import type { DecisionFields } from '#src/core/audit/fields.js';
import { RECORD, settingsFor } from './append.js';
import { median, print, ratio, time } from './measure.js';

const ROUNDS = 3;
const MB = 1_000_000;

interface Run {
  readonly name: string;
  readonly args: readonly string[];
}

export function benchVerify(): void {
  const megabytes = Number(process.env.CHECKRD_BENCH_VERIFY_MB ?? 200);
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-verify-'));
  try {
    const { path, key, records } = writeLog(folder, megabytes * MB);
    const cli = ['dist/cli/main.js', 'verify', '--key', key, path];
    const runs: readonly Run[] = [
      { name: 'plain verifier', args: ['build/bench/peer-verify.js', key, path] },
      { name: 'verify, one thread', args: [...cli, '--jobs', '1'] },
      { name: 'verify, two threads', args: [...cli, '--jobs', '2'] },
    ];
    const took = runs.map(() => [] as number[]);
    const peaks = runs.map(() => 0);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [k, { name, args }] of runs.entries()) {
        const { ms, peakKib } = run(folder, name, args);
        (took[k] as number[]).push(ms);
        peaks[k] = Math.max(peaks[k] as number, peakKib);
      }
    }
    const [plain = 0, one = 0, two = 0] = took.map(median);
    print(`verify, ${(statSync(path).size / MB).toFixed(0)} MB in ${records} records`, [
      ...runs.map(({ name }, k) => {
        const ms = median(took[k] as number[]);
        const speed = `${time((ms * 1e6) / records)} a record`;
        return `${name.padEnd(20)} ${(ms / 1000).toFixed(2)} s, ${speed}, ${((peaks[k] as number) / 1024).toFixed(0)} MiB`;
      }),
      `plain / one thread   ${ratio(plain, one)} (expected ≥ 2×)`,
      `one / two threads    ${ratio(one, two)} (expected ≥ 1.7×)`,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

function run(folder: string, name: string, args: readonly string[]): { ms: number; peakKib: number } {
  const said = join(folder, 'peak');
  const script = join(folder, 'run.mjs');
  const [program = '', ...rest] = args;
  writeFileSync(
    script,
    `import { readFileSync, writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(${JSON.stringify(said)},
  /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'));
process.argv = [process.argv[0], ...${JSON.stringify([program, ...rest])}];
await import(${JSON.stringify(resolve(program))});`,
  );
  const start = performance.now();
  const { status, stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  const ms = performance.now() - start;
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stdout}`);
  return { ms, peakKib: Number(readFileSync(said, 'utf8')) };
}

function writeLog(folder: string, sizeBytes: number): { path: string; key: string; records: number } {
  const path = join(folder, 'audit.jsonl');
  const log = openAuditLog({ ...settingsFor(folder), path });
  let records = 0;
  while (statSync(path).size < sizeBytes) {
    for (let i = 0; i < 1000; i++) log.append(decision(records++));
  }
  const key = log.publicKey;
  log.close();
  return { path, key, records };
}

function decision(n: number): DecisionFields {
  return { ...RECORD, request_id: `019a4a5e-7b9e-7cc3-a5fb-${n.toString(16).padStart(12, '0')}` };
}
