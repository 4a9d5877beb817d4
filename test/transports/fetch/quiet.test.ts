/** The wrapper leaves no trace in a program: no warnings, nothing that keeps it alive. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { wrapFetch } from '#src/transports/fetch/wrap-fetch.js';
import { startFetchServer } from '../../support/fetch-server.js';
import { SteeredAgent } from '../../support/steered-agent.js';

const server = await startFetchServer();
after(() => server.close());

test('one signal for many calls at once gives no warning', async () => {
  const warnings: string[] = [];
  const onWarning = (w: Error): number => warnings.push(w.message);
  process.on('warning', onWarning);
  const agent = new SteeredAgent();
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 50 }, async () => (await f(`${server.url}/json`, { signal })).text()));
  await new Promise(resolve => setImmediate(resolve));
  process.off('warning', onWarning);
  assert.deepEqual(warnings, []);
});

test('a rejected call leaves no unhandled rejection behind', async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (e: unknown): number => unhandled.push(e);
  process.on('unhandledRejection', onUnhandled);
  const agent = new SteeredAgent();
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  const calls = [
    f(`${server.url}/never`),
    f(`${server.url}/stream`).then(r => r.text()),
    f('/relative'),
    f(`${server.url}/drop`),
  ];
  setTimeout(() => agent.kill(), 30);
  await Promise.allSettled(calls);
  await new Promise(resolve => setTimeout(resolve, 30));
  process.off('unhandledRejection', onUnhandled);
  assert.deepEqual(unhandled, []);
});

test('a program ends by itself after its last call', () => {
  // Its own server, since spawnSync keeps ours from answering.
  const program = `
    import { createServer } from 'node:http';
    const { wrapFetch } = await import('./dist/transports/fetch/wrap-fetch.js');
    const { SteeredAgent } = await import('./build/test/support/steered-agent.js');
    const server = createServer((_, response) => response.end('body'));
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
    server.unref();
    const agent = new SteeredAgent();
    const hooks = { beforeRequest: async () => true, onAllow: () => new Promise(() => {}) };
    const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true, hooks });
    const at = 'http://127.0.0.1:' + server.address().port;
    await (await f(at)).text();
    const unread = await f(at);
    console.log(unread.status);
  `;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.deepEqual([run.status, run.signal, run.stdout], [0, null, '200\n'], run.stderr);
});
