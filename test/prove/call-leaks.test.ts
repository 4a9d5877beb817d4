/** Ten thousand calls with hooks, a shared signal, a sink that fails and policies that change: nothing of them is left. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { RequestEvent } from '#src/transports/hooks.js';
import { opens, serves } from '../support/agent-under-test.js';

const CALLS = 10_000;
const ROUNDS = 5;
/** A call keeps nothing: what the heap may grow by from one round to the next is noise. */
const GROWTH_MAX_BYTES = 2_000_000;
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

async function heapBytes(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    gc();
    await new Promise(resolve => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

const resources = (): string => process.getActiveResourcesInfo().sort().join();

test(`${CALLS} calls with hooks and a failing sink leave no listener, timer, handle or memory`, async t => {
  const { origin, got } = await serves(t);
  let n = 0;
  const hook = (_: RequestEvent): unknown => {
    if (n % 7 === 0) throw new Error('mine');
    return n % 3 === 0 ? Promise.resolve() : undefined;
  };
  const under = opens(t, 'default: allow\nrules: []\n', {
    beforeRequest: hook,
    onAllow: hook,
    onDeny: hook,
    telemetrySink: {
      enqueue: () => {
        throw new Error('mine');
      },
      close: async () => undefined,
    },
  });
  const { signal } = new AbortController();
  const round = async (calls: number): Promise<void> => {
    for (let i = 0; i < calls; i++, n++) {
      if (n % 500 === 0) under.home.replace('policy.yaml', `# ${n}\ndefault: allow\nrules: []\n`);
      await under.fetch(`${origin}/a`, { method: 'POST', body: 'b', signal }).then(
        async response => {
          if (n % 5 === 0) await response.body!.cancel();
          else await response.text();
        },
        (error: { code?: unknown }) => assert.equal(error.code, 'hook_refused'),
      );
    }
  };
  await round(CALLS / ROUNDS);
  got.length = 0;
  const before = resources();
  const heap: number[] = [await heapBytes()];
  for (let i = 1; i < ROUNDS; i++) {
    await round(CALLS / ROUNDS);
    // What the test's own server remembers is not ours.
    got.length = 0;
    heap.push(await heapBytes());
  }
  t.diagnostic(`heap after each ${CALLS / ROUNDS} calls: ${heap.join(', ')} bytes`);
  assert.ok(heap.at(-1)! - heap[0]! < GROWTH_MAX_BYTES, `${heap}`);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  assert.ok(resources().length <= before.length + 40, `${before} / ${resources()}`);
});
