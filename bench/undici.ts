/** A guarded undici `request` against a bare one on loopback, by the dispatcher Node has built in; in turn, bare twice for the noise. */
import { performance } from 'node:perf_hooks';
import { openLibrary } from '#src/agent/open-library.js';
import { atHome } from './folder.js';
import { guardUndici, type Requester } from './guarded-undici.js';
import { median, print, time } from './measure.js';
import { startOtherProcess } from './other-process.js';

const WARM_UP = 500;

export async function benchUndici(calls = 4_000): Promise<void> {
  const other = await startOtherProcess();
  await atHome(async ({ folder }) => {
    const library = openLibrary({ options: { configDir: folder, agentId: 'undici' }, env: {} });
    const { bare: plain, guarded, undo } = guardUndici(library);
    const { origin } = new URL(other.url);
    const call = async (by: Requester): Promise<number> => {
      const start = performance.now();
      await (await by.request({ origin, path: '/', method: 'GET' })).body.text();
      return performance.now() - start;
    };
    const taken = { bare: [] as number[], guarded: [] as number[], again: [] as number[] };
    for (let i = -WARM_UP; i < calls; i++) {
      const bare = await call(plain);
      const ours = await call(guarded);
      const again = await call(plain);
      if (i < 0) continue;
      taken.bare.push(bare);
      taken.guarded.push(ours);
      taken.again.push(again);
    }
    undo();
    await library.close();
    const us = (ms: readonly number[]): number => median(ms) * 1e6;
    const [bare, ours, again] = [us(taken.bare), us(taken.guarded), us(taken.again)];
    const added = ours - (bare + again) / 2;
    print(`undici request on loopback, ${calls} calls in turn, p50`, [
      `bare ${time(bare)}, guarded ${time(ours)}, bare again ${time(again)} (noise ${((again / bare - 1) * 100).toFixed(1)} %)`,
      `added                ${time(added)}, ${((added / bare) * 100).toFixed(1)} % of a bare call (expected ≤ 25 %)`,
    ]);
  }).finally(() => other.close());
}
