// T-133 of THREAT-MODEL.md.
/** A thousand streams at once: the switch ends every one, each is recorded, and the process is as it was before. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Checkrd, isCheckrdPolicyDenied } from 'checkrd';
import { Home } from '../support/home.js';
import { startStreamServer } from '../support/stream-server.js';
import { until } from '../support/until.js';

const STREAMS = 1_000;
const home = new Home({ 'policy.yaml': 'default: allow\nrules: []\n' });
const server = await startStreamServer();
const checkrd = new Checkrd({ agentId: 'load', configDir: home.dir });
const guarded = checkrd.wrap();
after(async () => {
  await checkrd.close();
  server.close();
  home.remove();
});

const descriptors = (): number => readdirSync('/proc/self/fd').length;
const sockets = (): number => process.getActiveResourcesInfo().filter(name => name === 'TCPSocketWrap').length;

test('the switch ends a thousand streams, records each, and leaves nothing behind', async () => {
  // What the first call of a process opens and keeps is not the streams'.
  await (await guarded(`${server.url}/whole`)).text();
  const before = { descriptors: descriptors(), sockets: sockets() };

  const readers = await Promise.all(
    Array.from({ length: STREAMS }, async () => {
      const reader = (await guarded(`${server.url}/stream`)).body!.getReader();
      assert.equal(Buffer.from((await reader.read()).value!).toString(), 'first');
      return reader;
    }),
  );
  assert.equal(await server.open(), STREAMS);
  assert.ok(descriptors() >= STREAMS);
  const ends = readers.map(reader =>
    reader.read().then(
      () => null,
      (error: unknown) => error,
    ),
  );

  writeFileSync(home.path('killswitch'), 'reason: drill\n');
  const errors = await Promise.all(ends);
  assert.equal(
    errors.filter(error => isCheckrdPolicyDenied(error) && (error as { code?: unknown }).code === 'kill_switch').length,
    STREAMS,
  );
  await until('the server to see them end', async () => (await server.open()) === 0);

  const streams = home
    .records('load')
    .filter(record => record.type === 'decision')
    .slice(1);
  const killed = home.records('load').filter(record => record.type === 'outcome' && record.result === 'killed');
  assert.equal(streams.length, STREAMS);
  assert.deepEqual(new Set(killed.map(record => record.request_id)), new Set(streams.map(record => record.request_id)));
  assert.equal(killed.length, STREAMS);
  const engaged = home.records('load').filter(record => record.type === 'kill_engaged');
  assert.deepEqual(
    engaged.map(record => record.aborted),
    [STREAMS],
  );

  await assert.rejects(guarded(`${server.url}/whole`), { code: 'kill_switch' });
  rmSync(home.path('killswitch'));
  await until('released', () => checkrd.healthy().holds.length === 0);
  assert.equal(await (await guarded(`${server.url}/whole`)).text(), 'whole');
  assert.equal(checkrd.healthy().audit.state, 'ok');
  await until('the descriptors of the streams are closed', () => descriptors() <= before.descriptors + 1);
  assert.ok(sockets() <= before.sockets + 1);
});
