/** From `touch` in another process to the end of a stream, and to the next call's refusal. */
import { setTimeout as wait } from 'node:timers/promises';
import { isCheckrdPolicyDenied } from '#src/index.js';
import { atHome, type Home } from './folder.js';
import { distribution, print } from './measure.js';
import { type OtherProcess, startOtherProcess } from './other-process.js';

export async function benchKill(trials = 300): Promise<void> {
  const other = await startOtherProcess();
  try {
    const { ended, refused, passed } = await atHome(async home => {
      const fetcher = home.checkrd.wrap();
      const ended: number[] = [];
      const refused: number[] = [];
      let passed = 0;
      for (let i = 0; i < trials; i++) ended.push(await streamEnds(home, fetcher, other, i % 17));
      for (let i = 0; i < trials; i++) {
        const seen = await callsEnd(home, fetcher, other, i % 7);
        refused.push(seen.ms);
        passed += seen.passed;
      }
      return { ended, refused, passed };
    });
    print(`kill switch, touch in another process, ${trials} trials each`, [
      `a stream in flight, nothing else going on  ${distribution(ended)} (expected p99 ≤ 100 ms)`,
      `first refusal in a loop of calls           ${distribution(refused)} (expected p99 ≤ 100 ms)`,
      `calls begun after touch had returned that passed: ${passed} (expected 0)`,
    ]);
  } finally {
    other.close();
  }
}

/** Milliseconds from the return of `touch` to the error that the reader of a stream gets. */
async function streamEnds(home: Home, fetcher: typeof fetch, other: OtherProcess, afterMs: number): Promise<number> {
  const response = await fetcher(`${other.url}stream`);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  const touched = other.touch(home.killswitch, afterMs);
  let end = 0n;
  try {
    for (;;) if ((await reader.read()).done) throw new Error('the stream ended by itself');
  } catch (error) {
    if (!isCheckrdPolicyDenied(error)) throw error;
    end = process.hrtime.bigint();
  }
  const ms = Number(end - (await touched)) / 1e6;
  await release(home, other);
  return ms;
}

/** Calls one after the other until one is refused. */
async function callsEnd(
  home: Home,
  fetcher: typeof fetch,
  other: OtherProcess,
  afterMs: number,
): Promise<{ ms: number; passed: number }> {
  const touched = other.touch(home.killswitch, afterMs);
  const begun: bigint[] = [];
  for (;;) {
    const start = process.hrtime.bigint();
    try {
      await (await fetcher(other.url)).text();
      begun.push(start);
    } catch (error) {
      if (!isCheckrdPolicyDenied(error)) throw error;
      const end = process.hrtime.bigint();
      const at = await touched;
      await release(home, other);
      return { ms: Math.max(0, Number(end - at) / 1e6), passed: begun.filter(ns => ns > at).length };
    }
  }
}

async function release(home: Home, other: OtherProcess): Promise<void> {
  await other.remove(home.killswitch);
  while (home.checkrd.healthy().holds.length > 0) await wait(2);
}
