/**
 * The switch under 10,000 streams of one process, by `fetch`, undici's `request` and `node:http` alike; the server in another.
 * Fewer where the limit of descriptors does not allow so many.
 */
import { readFileSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import { openLibrary } from '#src/agent/open-library.js';
import { isCheckrdPolicyDenied } from '#src/index.js';
import { wrapFetch } from '#src/transports/fetch/wrap-fetch.js';
import { install } from '#src/transports/node-http/install.js';
import { atHome } from './folder.js';
import { guardUndici } from './guarded-undici.js';
import { print } from './measure.js';
import { startOtherProcess } from './other-process.js';

/** Opened together. */
const BATCH = 240;
/** Of the process's own. */
const OTHER_DESCRIPTORS = 200;

export async function benchStreams(wanted = 10_000): Promise<void> {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1_024);
  const streams = Math.min(wanted, limit - OTHER_DESCRIPTORS);
  const other = await startOtherProcess();
  await atHome(async ({ folder, killswitch }) => {
    const library = openLibrary({ options: { configDir: folder, agentId: 'streams' }, env: {} });
    const { origin } = new URL(other.url);
    const guardedFetch = wrapFetch(library, fetch, { agentId: library.agentId, strict: true });
    const dispatcher = guardUndici(library);
    const undo = install({ agent: library, agentId: library.agentId });
    const ways: readonly (() => Promise<Open>)[] = [
      async () => ({ end: endOf((await guardedFetch(`${origin}/held`)).body as AsyncIterable<unknown>) }),
      async () => ({ end: endOf((await dispatcher.guarded.request({ origin, path: '/held', method: 'GET' })).body) }),
      () =>
        new Promise((resolve, reject) => {
          const take = (response: IncomingMessage): void => resolve({ end: endOf(response) });
          http.get(`${origin}/held`, { agent: false }, take).on('error', reject);
        }),
    ];
    const opening = performance.now();
    const ends: Promise<unknown>[] = [];
    while (ends.length < streams) {
      const size = Math.min(BATCH, streams - ends.length);
      const batch = Array.from({ length: size }, (_, i) =>
        ways[i % ways.length]!().then(({ end }) => void ends.push(end)),
      );
      await Promise.all(batch);
    }
    const openMs = performance.now() - opening;
    const touched = await other.touch(killswitch);
    const errors = await Promise.all(ends);
    const endMs = Number(process.hrtime.bigint() - touched) / 1e6;
    const denied = errors.filter(isCheckrdPolicyDenied).length;
    await other.remove(killswitch);
    while (library.health().holds.length > 0) await new Promise(resolve => setTimeout(resolve, 5));
    const next = await (await guardedFetch(other.url)).text();
    undo();
    dispatcher.undo();
    await library.close();
    const log = readFileSync(`${folder}/audit/streams.jsonl`, 'utf8');
    const killed = log.split('"result":"killed"').length - 1;
    const aborted = /"abort_ms":(\d+),"aborted":(\d+)/.exec(log);
    print(`the switch under ${streams} streams by fetch, undici and node:http (${limit} descriptors allowed)`, [
      `opened in            ${(openMs / 1_000).toFixed(1)} s`,
      `all ended after      ${endMs.toFixed(0)} ms; ${aborted?.[2]} aborted in ${aborted?.[1]} ms by the record`,
      `ended with a denial  ${denied} of ${streams}; recorded as killed ${killed} (expected all); the next call ${next === '' ? 'failed' : 'passes'}`,
    ]);
  }).finally(() => other.close());
}

/** In an object: a promise alone would be waited for. */
interface Open {
  readonly end: Promise<unknown>;
}

/** What a stream ends with; null: by itself. */
async function endOf(body: AsyncIterable<unknown>): Promise<unknown> {
  try {
    for await (const _ of body);
    return null;
  } catch (error) {
    return error;
  }
}
