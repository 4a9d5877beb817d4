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

/** What lay between one decision and the next, in milliseconds; kept so that they give the collector nothing to do. */
class Gaps {
  readonly #passed = new Float64Array(1_000_000);
  /** Of that, what this thread was on a processor. */
  readonly #worked = new Float64Array(1_000_000);
  #count = 0;

  add(passedMs: number, workedMs: number): void {
    this.#passed[this.#count] = passedMs;
    this.#worked[this.#count] = workedMs;
    this.#count = Math.min(this.#count + 1, this.#passed.length - 1);
  }

  passed(): string {
    return this.#said(this.#passed);
  }

  worked(): string {
    return this.#said(this.#worked);
  }

  #said(all: Float64Array): string {
    const ms = [...all.subarray(0, this.#count)];
    return `${ms.length} decisions: ${distribution(ms)}; ${ms.filter(each => each > 20).length} over 20 ms`;
  }
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
  writePolicies(policy, reloads);
  const other = await startOtherProcess();
  const checkrd = new Checkrd({ agentId: 'bench', configDir: folder, policy });
  const guarded = checkrd.wrap(async () => new Response('ok'));
  // Read to its end: an answer that nobody reads ends when it is collected, thousands of them at once.
  const decide = async () => (await guarded('https://api0.example.com/v1/abc/resource0', { method: 'POST' })).text();
  try {
    // Both ends of a swap once, so that what is measured is not the first time that code runs.
    for (let i = 0; i < 2_000; i++) await decide();
    const idle = new Gaps();
    const during = new Gaps();
    await gapsUntil(decide, soon(8_000), idle);
    for (let i = 0; i < reloads; i++) {
      const before = checkrd.healthy().policySha256;
      const renamed = other.rename(`${policy}.${i}`, policy);
      const lasted = soon(60_000);
      await gapsUntil(decide, () => checkrd.healthy().policySha256 !== before || lasted(), during);
      // What follows a swap counts: the old engine goes, its pages are given back.
      await gapsUntil(decide, soon(500), during);
      await renamed;
      if (checkrd.healthy().policySha256 === before) throw new Error(`reload ${i} never went live`);
    }
    print(`pauses: between two decisions, alone and while ${RULES} rules compile and go live, ${reloads} reloads`, [
      `alone,  by the clock: ${idle.passed()}`,
      `reload, by the clock: ${during.passed()} (includes what other processes take)`,
      `alone,  at work:      ${idle.worked()}`,
      `reload, at work:      ${during.worked()} (expected max ≤ 20 ms)`,
    ]);
  } finally {
    other.close();
    await checkrd.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Adds to `gaps` what lay between one decision and the next, one a turn of the loop, until `over`. */
async function gapsUntil(decide: () => Promise<unknown>, over: () => boolean, gaps: Gaps): Promise<void> {
  let last = performance.now();
  let worked = workedMs();
  while (!over()) {
    await decide();
    await turn();
    const now = performance.now();
    const work = workedMs();
    gaps.add(now - last, work - worked);
    last = now;
    worked = work;
  }
}

function soon(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() >= end;
}

/** A small policy in force, and `count` large ones beside it: no two alike, since the same bytes are no reload. */
function writePolicies(path: string, count: number): void {
  const { rules } = task(RULES);
  writeFileSync(path, `${taskPolicy(rules.slice(0, 10))}\n`);
  const text = taskPolicy(rules);
  for (let i = 0; i < count; i++) writeFileSync(`${path}.${i}`, text + '\n'.repeat(i + 1));
}
