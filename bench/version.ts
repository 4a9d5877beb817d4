/** What it costs to start the program for one line, against a Node that does nothing; the same runtime, in turn. */
import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { median, print, ratio, time } from './measure.js';

const ROUNDS = 41;

/** CHECKRD_BENCH_PROGRAM: the joined program of a package, as packaging/ makes it; absent: what `dist` has. */
export function benchVersion(): void {
  const program = process.env.CHECKRD_BENCH_PROGRAM ?? 'dist/cli/main.js';
  const contenders = [
    ['-e', '0'],
    [program, '--version'],
  ] as const;
  const taken = contenders.map(() => [] as number[]);
  for (let round = -2; round < ROUNDS; round++) {
    for (const [k, args] of contenders.entries()) {
      const startMs = performance.now();
      const run = spawnSync(process.execPath, args, { stdio: 'ignore' });
      if (run.status !== 0) throw new Error(`${args.join(' ')}: ${run.status}`);
      if (round >= 0) taken[k]?.push(performance.now() - startMs);
    }
  }
  const [bare = Number.NaN, ours = Number.NaN] = taken.map(ms => median(ms));
  print(`starting for one line (${program}), ${ROUNDS} runs in turn`, [
    `node -e 0 ${time(bare * 1e6)}, checkrd --version ${time(ours * 1e6)}: ${ratio(ours, bare)} (expected ≤ 1.5×)`,
  ]);
}
