/**
 * A guarded `fetch` against a bare one on loopback, and against the parts it cannot do without.
 * Calls are made in turn: bare, guarded, bare again (the second shows the noise), then the parts.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { atHome } from './folder.js';
import { median, print, ratio, time } from './measure.js';
import { startOtherProcess } from './other-process.js';
import { openParts, type Parts } from './parts.js';

const WARM_UP = 500;

export async function benchFetch(calls = 4_000): Promise<void> {
  const other = await startOtherProcess();
  await atHome(async ({ checkrd, folder, log }) => {
    const guarded = checkrd.wrap();
    const call = async (fetcher: typeof fetch): Promise<number> => {
      const start = performance.now();
      await (await fetcher(other.url)).text();
      return performance.now() - start;
    };
    await call(guarded);
    const lines = firstTwo(log);
    const parts = openParts(folder, other.url);
    const taken = { bare: [] as number[], guarded: [] as number[], again: [] as number[] };
    const alone = { url: [] as number[], look: [] as number[], hash: [] as number[], write: [] as number[] };
    const fstats: number[] = [];
    for (let i = -WARM_UP; i < calls; i++) {
      const bare = await call(fetch);
      const ours = await call(guarded);
      const again = await call(fetch);
      const cost = costs(parts, lines);
      if (i < 0) continue;
      taken.bare.push(bare);
      taken.guarded.push(ours);
      taken.again.push(again);
      for (const key of ['url', 'look', 'hash', 'write'] as const) alone[key].push(cost[key]);
      fstats.push(cost.fstat);
    }
    parts.close();
    const us = (ms: readonly number[]): number => median(ms) * 1e6;
    const [bare, ours, again] = [us(taken.bare), us(taken.guarded), us(taken.again)];
    const added = ours - (bare + again) / 2;
    const sum = us(alone.url) + us(alone.look) + us(alone.hash) + us(alone.write);
    print(`fetch on loopback, ${calls} calls in turn, p50`, [
      `bare ${time(bare)}, guarded ${time(ours)}, bare again ${time(again)} (noise ${((again / bare - 1) * 100).toFixed(1)} %)`,
      `added                ${time(added)}, ${((added / bare) * 100).toFixed(1)} % of a bare fetch (expected ≤ 25 %)`,
      `its parts here       ${time(sum)}: URL ${time(us(alone.url))}, look at the switch ${time(us(alone.look))}, two hashes ${time(us(alone.hash))}, two writes ${time(us(alone.write))}; fstat before each write, not counted: ${time(us(fstats))}`,
      `added / parts        ${ratio(added, sum)} (expected ≤ 1.6×)`,
    ]);
  }).finally(() => other.close());
}

/** The first call's decision and outcome, each with its newline. */
function firstTwo(log: string): readonly [Buffer, Buffer] {
  const lines = readFileSync(log, 'utf8').split('\n');
  const first = (type: string): Buffer => {
    const line = lines.find(text => text.includes(`"type":"${type}"`));
    if (line === undefined) throw new Error(`the log has no ${type}`);
    return Buffer.from(`${line}\n`);
  };
  return [first('decision'), first('outcome')];
}

function costs(parts: Parts, [decision, outcome]: readonly [Buffer, Buffer]) {
  const timed = (work: () => unknown): number => {
    const start = performance.now();
    work();
    return performance.now() - start;
  };
  return {
    url: timed(parts.url),
    look: timed(parts.look),
    hash: timed(() => parts.hash(decision)) + timed(() => parts.hash(outcome)),
    fstat: timed(parts.fstat) + timed(parts.fstat),
    write: timed(() => parts.write(decision)) + timed(() => parts.write(outcome)),
  };
}
