/** Promise: whatever stands at the socket, no call passes without a daemon's word that its record is written, and one warning says why. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Checkrd, findPolicyDenied } from 'checkrd';
import { HandedLog } from '#src/agent/handover/handed-log.js';
import { Outbox } from '#src/agent/handover/outbox.js';
import type { Fault } from '#src/core/fault.js';
import { SYSTEM_TIMERS } from '#src/disk/timers.js';
import { RecordsClient } from '#src/handover/records-client.js';
import { asNobody, giveAway } from '../support/as-nobody.js';
import { HandedHome } from '../support/handed-home.js';
import { until } from '../support/until.js';

const WHY = {
  failing: 'it answers 500',
  half: '(ECONNRESET|the answer was cut off)',
  wordy: 'its answer is too long',
  liar: 'it did not take what was sent',
  file: 'ECONNREFUSED',
  nowhere: 'ENOENT',
};

async function sockets(t: TestContext): Promise<HandedHome> {
  const home = new HandedHome(t);
  const program = home.run('bad-daemons', [home.dir]);
  await until('the sockets', () => program.said().includes('ready'));
  return home;
}

test('500s, half an answer, an endless one, a lie, a file, nothing: denied, and why', async t => {
  const home = await sockets(t);
  for (const [name, why] of Object.entries(WHY)) {
    const checkrd = new Checkrd(home.options({ daemonRecords: home.path(`${name}.sock`) }));
    const tool = checkrd.guardTool('files/read', () => assert.fail('it ran'));
    await assert.rejects(tool({}), error => findPolicyDenied(error)?.code === 'daemon_unavailable', name);
    await assert.rejects(tool({}), error => findPolicyDenied(error)?.code === 'daemon_unavailable', name);
    assert.match(checkrd.healthy().audit.error?.message ?? '', new RegExp(`${name}\\.sock\`: ${why}$`));
    await checkrd.close();
    // What nobody took is not lost with the program.
    const kept = home.localLog().filter(line => line.type === 'decision');
    assert.ok(kept.length >= 2, name);
  }
  const records = home.localLog();
  const refused = records.filter(line => line.type === 'decision');
  assert.equal(refused.length, 2 * Object.keys(WHY).length);
  assert.ok(!records.some(line => line.result === 'ok'));
});

test('permissive: calls pass, and a log of our own has them', async t => {
  const home = new HandedHome(t);
  const checkrd = new Checkrd(home.options({ securityMode: 'permissive' }));
  const tool = checkrd.guardTool('files/read', () => 'read');
  assert.equal(await tool({}), 'read');
  await checkrd.close();
  assert.ok(home.localLog().some(line => line.type === 'decision' && line.code === 'default_allowed'));
});

test('a daemon that takes the report and says nothing counts as gone after a while', async t => {
  const home = await sockets(t);
  const faults: Fault[] = [];
  const path = home.path('silent.sock');
  const log = new HandedLog({
    path,
    way: new RecordsClient(path, 50),
    outbox: new Outbox('0123456789abcdef'),
    onLoss: 'deny',
    openLocal: () => assert.fail('not needed'),
    timers: SYSTEM_TIMERS,
    uid: 0,
    onProblem: fault => void faults.push(fault),
  });
  log.append({ type: 'agent_stopped', agent_id: 'crm', instance_id: '0123456789abcdef' });
  assert.equal(await log.onDisk(), false);
  assert.deepEqual([faults.length, faults[0]?.facts.why, log.daemon], [1, 'no answer for 50 ms', 'lost']);
  log.close();
});

test('a socket of another group: EACCES', {
  skip: process.getuid?.() !== 0 && 'only root gives a socket away',
}, async t => {
  const home = await sockets(t);
  chmodSync(home.path('liar.sock'), 0o660);
  chmodSync(home.dir, 0o755);
  giveAway(home.library);
  const { out, err } = asNobody(
    `import { Checkrd } from 'checkrd';
    const c = new Checkrd(${JSON.stringify(home.options({ daemonRecords: home.path('liar.sock') }))});
    await c.guardTool('t', () => {})({}).catch(error => console.log(error.code));
    await c.close();`,
  );
  assert.equal(out.trim(), 'daemon_unavailable', err);
  assert.match(err, /liar\.sock`: EACCES /);
  assert.ok(existsSync(join(home.library, 'audit')));
});
