/**
 * `checkrd check` of a large policy as a person meets it, from start to exit, against a program that only reads the same file
 * with the `yaml` package: whole processes in turn, on the Node that runs the bench.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { blockPolicy } from './block-policy.js';
import { median, print, ratio, time } from './measure.js';

const RULES = 10_000;
const ROUNDS = 15;
const WARM_UP = 1;

/** `parseDocument` keeps what a checker needs, places, and does not pay for plain values as `parse` does: the stricter peer. */
const PEERS = ['parseDocument', 'parse'] as const;

export function benchCheck(): void {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-'));
  try {
    const policy = join(folder, 'policy.yaml');
    writeFileSync(policy, blockPolicy(RULES));
    const main = join(process.cwd(), 'dist', 'cli', 'main.js');
    const peers = PEERS.map(way => [
      '--input-type=module',
      '-e',
      `import { readFileSync } from 'node:fs';
       import { ${way} } from 'yaml';
       if (${way}(readFileSync(process.argv[1], 'utf8')).errors?.length > 0) process.exit(1);`,
      policy,
    ]);
    const [check = Number.NaN, document = Number.NaN, values = Number.NaN] = inTurn([
      [main, 'check', policy],
      ...peers,
    ]);
    print(`check of ${RULES} rules of YAML, a whole process, ${ROUNDS} runs in turn`, [
      `checkrd check        ${time(check * 1e6)}`,
      `yaml: parseDocument  ${time(document * 1e6)}: ${ratio(check, document)} (expected ≤ 1.5×)`,
      `yaml: parse          ${time(values * 1e6)}: ${ratio(check, values)}`,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Median milliseconds of each command. */
function inTurn(commands: readonly (readonly string[])[]): number[] {
  const taken = commands.map(() => [] as number[]);
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [k, args] of commands.entries()) {
      const startMs = performance.now();
      const run = spawnSync(process.execPath, args, { stdio: 'ignore', env: { PATH: process.env.PATH } });
      if (run.status !== 0) throw new Error(`${args.join(' ')}: ${run.status}`);
      if (round >= 0) taken[k]?.push(performance.now() - startMs);
    }
  }
  return taken.map(median);
}
