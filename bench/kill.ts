/**
 * From `touch` in another process to the end of a stream, and to the next call's refusal; a poll every 5 s beside it.
 *
 * Time zero is the other process's monotonic clock right after its system call had returned; all processes share that clock.
 */
import { statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { isCheckrdPolicyDenied } from '#src/index.js';
import { atHome, type Home } from './folder.js';
import { distribution, print } from './measure.js';
import { type OtherProcess, startOtherProcess } from './other-process.js';

const BLOCKED_MS = 500;
/** As the published SDK looks at its switch. */
const POLL_MS = 5_000;
/** Real polls, at moments spread over one period; each takes up to that long. */
const POLL_TRIALS = 20;

export async function benchKill(trials = 300): Promise<void> {
  const other = await startOtherProcess();
  try {
    const seen = await atHome(async home => {
      const fetcher = home.checkrd.wrap();
      // Beside the rest, in the same process: it only waits.
      const polled = polls(home, other, POLL_TRIALS);
      const found = { ended: [] as number[], refused: [] as number[], woken: [] as number[], passed: 0 };
      const pollTimes = await polled;
      for (let i = 0; i < trials; i++) found.ended.push(await streamEnds(home, fetcher, other, i % 17));
      for (let i = 0; i < trials; i++) {
        const call = await callsEnd(home, fetcher, other, i % 7);
        found.refused.push(call.ms);
        found.passed += call.passed;
        found.passed += await nextCallPasses(home, fetcher, other);
      }
      for (let i = 0; i < trials; i++) found.woken.push(await wakes(home, fetcher, other, i % 450));
      return { ...found, pollTimes };
    });
    const uniform = Array.from({ length: trials }, (_, i) => ((i + 0.5) / trials) * POLL_MS);
    print(`kill switch, touch in another process, ${trials} trials each`, [
      `a stream in flight, nothing else going on   ${distribution(seen.ended)} (expected p50 ≤ 5 ms, p99 ≤ 50 ms)`,
      `first refusal in a loop of calls            ${distribution(seen.refused)} (expected p99 ≤ 50 ms)`,
      `calls begun after touch had returned that passed: ${seen.passed} of ${2 * trials} (expected 0)`,
      `a stream, main thread blocked ${BLOCKED_MS} ms: after its waking  ${distribution(seen.woken)} (expected max ≤ 50 ms)`,
      `a poll every ${POLL_MS / 1000} s, ${POLL_TRIALS} trials          ${distribution(seen.pollTimes)}`,
      `the same, computed for ${trials} moments        ${distribution(uniform)}`,
    ]);
  } finally {
    other.close();
  }
}

/** Milliseconds from the return of `touch` to the error that the reader of a stream gets. */
async function streamEnds(home: Home, fetcher: typeof fetch, other: OtherProcess, afterMs: number): Promise<number> {
  const reader = await streaming(fetcher, other);
  const touched = other.touch(home.killswitch, afterMs);
  const end = await endOf(reader);
  const ms = Number(end - (await touched)) / 1e6;
  await release(home, other);
  return ms;
}

/** Milliseconds from the moment that the thread is free again to the error that the reader of a stream gets. */
async function wakes(home: Home, fetcher: typeof fetch, other: OtherProcess, afterMs: number): Promise<number> {
  const reader = await streaming(fetcher, other);
  const ended = endOf(reader);
  const touched = other.touch(home.killswitch, afterMs);
  const until = performance.now() + BLOCKED_MS;
  while (performance.now() < until);
  const awake = process.hrtime.bigint();
  const [end, at] = await Promise.all([ended, touched]);
  await release(home, other);
  // A touch that came late counts from itself.
  return Number(end - (at > awake ? at : awake)) / 1e6;
}

async function streaming(fetcher: typeof fetch, other: OtherProcess): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const response = await fetcher(`${other.url}stream`);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  return reader;
}

/** When the reader was told. */
async function endOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<bigint> {
  try {
    for (;;) if ((await reader.read()).done) throw new Error('the stream ended by itself');
  } catch (error) {
    if (!isCheckrdPolicyDenied(error)) throw error;
    return process.hrtime.bigint();
  }
}

/** 1 if a call that begins right after `touch` has returned, with no turn of the loop to spare, is let through. */
async function nextCallPasses(home: Home, fetcher: typeof fetch, other: OtherProcess): Promise<number> {
  await other.touch(home.killswitch);
  const passed = await fetcher(other.url).then(
    () => 1,
    () => 0,
  );
  await release(home, other);
  return passed;
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

/** Milliseconds from the return of `touch` to the look of a timer that sees the file: that many pollers, out of step. */
async function polls(home: Home, other: OtherProcess, trials: number): Promise<number[]> {
  const file = `${home.folder}/polled`;
  const look = async (afterMs: number): Promise<bigint> => {
    await wait(afterMs);
    for (;;) {
      if (statSync(file, { throwIfNoEntry: false }) !== undefined) return process.hrtime.bigint();
      await wait(POLL_MS);
    }
  };
  const seen = Array.from({ length: trials }, (_, i) => look(((i + 0.5) / trials) * POLL_MS));
  const at = await other.touch(file, POLL_MS);
  const times = await Promise.all(seen);
  await other.remove(file);
  return times.map(ns => Number(ns - at) / 1e6);
}

async function release(home: Home, other: OtherProcess): Promise<void> {
  await other.remove(home.killswitch);
  while (home.checkrd.healthy().holds.length > 0) await wait(2);
}
