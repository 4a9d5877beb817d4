/** A guarded `node:http` against a bare one on loopback, over one kept connection each; in turn, bare twice for the noise. */
import http, { type IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import { openLibrary } from '#src/agent/open-library.js';
import { install } from '#src/transports/node-http/install.js';
import { atHome } from './folder.js';
import { median, print, time } from './measure.js';
import { startOtherProcess } from './other-process.js';

const WARM_UP = 500;

export async function benchHttp(calls = 4_000): Promise<void> {
  const other = await startOtherProcess();
  await atHome(async ({ folder }) => {
    const library = openLibrary({ options: { configDir: folder, agentId: 'http' }, env: {} });
    const native = http.get;
    const undo = install({ agent: library, agentId: library.agentId });
    const guarded = http.get;
    const agents = [new http.Agent({ keepAlive: true }), new http.Agent({ keepAlive: true })] as const;
    const call = (get: typeof native, agent: http.Agent): Promise<number> => {
      const start = performance.now();
      return new Promise((resolve, reject) => {
        const read = (response: IncomingMessage): void => {
          response.resume().on('end', () => resolve(performance.now() - start));
        };
        get(other.url, { agent }, read).on('error', reject);
      });
    };
    const taken = { bare: [] as number[], guarded: [] as number[], again: [] as number[] };
    for (let i = -WARM_UP; i < calls; i++) {
      const bare = await call(native, agents[0]);
      const ours = await call(guarded, agents[1]);
      const again = await call(native, agents[0]);
      if (i < 0) continue;
      taken.bare.push(bare);
      taken.guarded.push(ours);
      taken.again.push(again);
    }
    undo();
    for (const agent of agents) agent.destroy();
    await library.close();
    const us = (ms: readonly number[]): number => median(ms) * 1e6;
    const [bare, ours, again] = [us(taken.bare), us(taken.guarded), us(taken.again)];
    const added = ours - (bare + again) / 2;
    print(`node:http on loopback, ${calls} calls in turn, p50`, [
      `bare ${time(bare)}, guarded ${time(ours)}, bare again ${time(again)} (noise ${((again / bare - 1) * 100).toFixed(1)} %)`,
      `added                ${time(added)}, ${((added / bare) * 100).toFixed(1)} % of a bare call`,
    ]);
  }).finally(() => other.close());
}
