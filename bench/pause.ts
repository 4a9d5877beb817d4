/** How long the decision path stands still while a policy of 100,000 rules is compiled beside it and swapped in. */
import { mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Checkrd } from '#src/index.js';
import { distribution, print } from './measure.js';
import { startOtherProcess } from './other-process.js';
import { task, taskPolicy } from './peers.js';

const RULES = 100_000;

interface Gap {
  readonly passedMs: number;
  /** Of that, what this thread was on a processor. */
  readonly workedMs: number;
}

/** The kernel's account of the main thread: its ID is that of the process. */
const account = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
const line = Buffer.alloc(64);

function workedMs(): number {
  return Number.parseInt(line.toString('latin1', 0, readSync(account, line, 0, 64, 0)), 10) / 1e6;
}

export async function benchPause(reloads = 5): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-'));
  const policy = join(folder, 'policy.json');
  const { rules } = task(RULES);
  const small = taskPolicy(rules.slice(0, 10));
  const large = Array.from({ length: reloads }, (_, i) => taskPolicy([...rules.slice(i), ...rules.slice(0, i)]));
  writeFileSync(policy, `${small}\n`);
  const other = await startOtherProcess();
  const checkrd = new Checkrd({ agentId: 'bench', configDir: folder, policy });
  const guarded = checkrd.wrap(async () => new Response('ok'));
  const decide = () => guarded('https://api0.example.com/v1/abc/resource0', { method: 'POST' });
  try {
    // Both ends of a swap once, so that what is measured is not the first time that code runs.
    for (let i = 0; i < 2_000; i++) await decide();
    const idle: Gap[] = [];
    const during: Gap[] = [];
    await gapsUntil(decide, soon(8_000), idle);
    for (const [i, text] of large.entries()) {
      const before = checkrd.healthy().policySha256;
      writeFileSync(`${policy}.new`, `${text}\n`);
      const renamed = other.rename(`${policy}.new`, policy);
      const lasted = soon(60_000);
      await gapsUntil(decide, () => checkrd.healthy().policySha256 !== before || lasted(), during);
      // What follows a swap counts: the old engine goes, its pages are given back.
      await gapsUntil(decide, soon(500), during);
      await renamed;
      if (checkrd.healthy().policySha256 === before) throw new Error(`reload ${i} never went live`);
    }
    print(`pauses: between two decisions, alone and while ${RULES} rules compile and go live, ${reloads} reloads`, [
      `alone,  by the clock: ${pauses(idle, 'passedMs')}`,
      `reload, by the clock: ${pauses(during, 'passedMs')} (includes what other processes take)`,
      `alone,  at work:      ${pauses(idle, 'workedMs')}`,
      `reload, at work:      ${pauses(during, 'workedMs')} (expected max ≤ 20 ms)`,
    ]);
  } finally {
    other.close();
    await checkrd.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Adds to `gaps` what lay between one decision and the next, one a turn of the loop, until `over`. */
async function gapsUntil(decide: () => Promise<unknown>, over: () => boolean, gaps: Gap[]): Promise<void> {
  let last = performance.now();
  let worked = workedMs();
  while (!over()) {
    await decide();
    await turn();
    const now = performance.now();
    const work = workedMs();
    gaps.push({ passedMs: now - last, workedMs: work - worked });
    last = now;
    worked = work;
  }
}

function soon(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() >= end;
}

function pauses(gaps: readonly Gap[], of: keyof Gap): string {
  const ms = gaps.map(gap => gap[of]);
  const over = ms.filter(each => each > 20).length;
  return `${gaps.length} decisions: ${distribution(ms)}; ${over} over 20 ms`;
}
