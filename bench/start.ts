/** What opening an agent costs a program: the first of a process, and the next. */
import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { atHome } from './folder.js';
import { median, print, time } from './measure.js';

export async function benchStart(rounds = 7): Promise<void> {
  const first: number[] = [];
  const next: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const run = spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'once'], { encoding: 'utf8' });
    const [a = Number.NaN, b = Number.NaN] = run.stdout.split(' ').map(Number);
    first.push(a);
    next.push(b);
  }
  print('opening an agent, with policy, switch and log', [
    `first of a process ${time(median(first) * 1e6)}, the next ${time(median(next) * 1e6)} (closing counted; expected ≤ 150 ms for the first)`,
  ]);
}

async function once(): Promise<number> {
  const start = performance.now();
  await atHome(async () => undefined);
  return performance.now() - start;
}

if (process.argv[2] === 'once') console.log(`${await once()} ${await once()}`);
