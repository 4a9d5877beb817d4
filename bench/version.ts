/**
 * What it costs to start the program for one line, against a Node that does nothing: as the packages carry it, joined and
 * behind its launcher, and as `dist` has it; all on the Node that runs the bench, in turn.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { print, ratio, time } from './measure.js';
import { inTurn, packaged } from './whole-programs.js';

const ROUNDS = 41;
const WARM_UP = 2;

export async function benchVersion(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-'));
  try {
    const launcher = await packaged(folder);
    const commands = [
      [process.execPath, '-e', '0'],
      [launcher, '--version'],
      [process.execPath, join(folder, 'dist', 'cli', 'main.cjs'), '--version'],
      [process.execPath, 'dist/cli/main.js', '--version'],
    ] as const;
    const [bare = Number.NaN, whole = Number.NaN, joined = Number.NaN, unjoined = Number.NaN] = inTurn(
      commands,
      ROUNDS,
      WARM_UP,
    );
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
