/**
 * What it costs to start the program for one line, against a Node that does nothing: as the packages carry it, joined and
 * behind its launcher, and as `dist` has it; all on the Node that runs the bench, in turn.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { median, print, ratio, time } from './measure.js';

const ROUNDS = 41;
const WARM_UP = 2;

export async function benchVersion(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-'));
  try {
    const launcher = await packaged(folder);
    const taken = inTurn([
      [process.execPath, '-e', '0'],
      [launcher, '--version'],
      [process.execPath, join(folder, 'dist', 'cli', 'main.cjs'), '--version'],
      [process.execPath, 'dist/cli/main.js', '--version'],
    ]);
    const [bare = Number.NaN, whole = Number.NaN, joined = Number.NaN, unjoined = Number.NaN] = taken;
    print(`starting for one line, ${ROUNDS} runs in turn`, [
      `node -e 0                        ${time(bare * 1e6)}`,
      `checkrd --version, as installed  ${time(whole * 1e6)}: ${ratio(whole, bare)} (expected ≤ 1.5×)`,
      `the same without its launcher    ${time(joined * 1e6)}: ${ratio(joined, bare)}`,
      `from dist                        ${time(unjoined * 1e6)}: ${ratio(unjoined, bare)}`,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Joins the program as the packages do. @returns the path of the launcher, its paths led there */
async function packaged(folder: string): Promise<string> {
  const maker = pathToFileURL(resolve('packaging/program.mjs')).href;
  const { bundleProgram } = (await import(maker)) as { bundleProgram(root: string, out: string): Promise<unknown> };
  await bundleProgram(process.cwd(), folder);
  const launcher = join(folder, 'checkrd');
  const text = readFileSync('packaging/files/checkrd', 'utf8')
    .replaceAll('/usr/lib/checkrd/node', process.execPath)
    .replaceAll('/usr/lib/checkrd', folder);
  writeFileSync(launcher, text, { mode: 0o755 });
  return launcher;
}

/** Median milliseconds of each command. */
function inTurn(commands: readonly (readonly [string, ...string[]])[]): number[] {
  const taken = commands.map(() => [] as number[]);
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [k, [program, ...args]] of commands.entries()) {
      const startMs = performance.now();
      // The launcher takes Node's own variables away; none of the others may pay for them either.
      const run = spawnSync(program, args, { stdio: 'ignore', env: { PATH: process.env.PATH } });
      if (run.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${run.status}`);
      if (round >= 0) taken[k]?.push(performance.now() - startMs);
    }
  }
  return taken.map(median);
}
