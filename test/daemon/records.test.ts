// T-62 and T-63 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDaemon } from '../support/daemon.js';
import { ask } from '../support/unix-http.js';
import { until } from '../support/until.js';

const ONE = '1111111111111111';
const OTHER = '2222222222222222';
const stopped = (reason: string, instance = ONE) => ({
  type: 'agent_stopped',
  agent_id: 'crm',
  instance_id: instance,
  reason,
});
const report = (first: number, reasons: readonly string[], instance = ONE): string =>
  JSON.stringify({ instance_id: instance, first, records: reasons.map(reason => stopped(reason, instance)) });

test('reports are written in order, once each, and say whose they are', async t => {
  const { agent, crm, main } = await testDaemon(t);
  const said = () => agent.reported.map(record => ('reason' in record ? record.reason : null)).join('');
  const next = async (text: string) => (await ask(crm, '/v1/records', text)).body.next;

  assert.equal(await next(report(0, ['a', 'b'])), 2);
  assert.equal(await next(report(0, ['a', 'b'])), 2, 'the answer was lost, and it is sent again');
  assert.equal(await next(report(1, ['b', 'c'])), 3, 'one of them was not there yet');
  assert.equal(await next(report(9, ['d'])), 10, 'those between went elsewhere');
  assert.equal(await next(report(0, ['e'], OTHER)), 1, 'instances count for themselves');
  assert.equal(await next(report(3, ['x'])), 10, 'what comes late is not written');
  assert.equal(said(), 'abcde');
  assert.deepEqual(agent.reported[0], { ...stopped('a'), reported: true });

  const foreign = await ask(crm, '/v1/records', report(0, ['x']).replaceAll('"crm"', '"billing"'));
  assert.deepEqual([foreign.status, said()], [403, 'abcde']);
  assert.equal((await ask(main, '/v1/records', report(0, ['x']))).status, 403);
  assert.equal((await ask(crm, '/v1/records', report(10, ['ok']).replace('}]', ',"seq":1}]'))).status, 400);
  assert.equal(said(), 'abcde', 'all of a report or nothing');
});

test('each agent’s instances are its own: another cannot have a record taken for one that was written', async t => {
  const { agent, crm, billing } = await testDaemon(t);
  const text = report(5, ['x']).replaceAll('"crm"', '"billing"');
  assert.equal((await ask(billing, '/v1/records', text)).status, 200);
  assert.equal((await ask(crm, '/v1/records', report(0, ['a']))).status, 200);
  assert.equal(agent.reported.length, 2);
});

test('what cannot be written is said, with the number that is wanted next', async t => {
  const { agent, crm } = await testDaemon(t);
  const take = agent.report.bind(agent);
  agent.report = record => {
    if ('reason' in record && record.reason === 'b') throw new Error('no room');
    take(record);
  };
  const { status, body } = await ask(crm, '/v1/records', report(0, ['a', 'b', 'c']));
  assert.deepEqual([status, body.next], [503, 1]);
  agent.report = take;
  assert.equal((await ask(crm, '/v1/records', report(0, ['a', 'b', 'c']))).body.next, 3);
  assert.equal(agent.reported.length, 3);
  agent.auditState = 'failing';
  assert.equal((await ask(crm, '/v1/records', report(3, []))).status, 503, 'nobody is told to come back yet');
});

test('the answer comes after the sync; what may be lost is wanted again by everyone who waits for it', async t => {
  const { agent, crm } = await testDaemon(t);
  const syncs: ((certain: boolean) => void)[] = [];
  agent.syncs = () => new Promise(tell => void syncs.push(tell));
  const both = [ask(crm, '/v1/records', report(0, ['a'])), ask(crm, '/v1/records', report(0, ['a']))];
  await until('both wait', () => syncs.length === 2);
  syncs[0]?.(false);
  syncs[1]?.(true);
  for (const { status, body } of await Promise.all(both)) assert.deepEqual([status, body.next], [503, 0]);
  agent.syncs = null;
  assert.equal((await ask(crm, '/v1/records', report(0, ['a']))).status, 200);
  assert.equal(agent.reported.length, 2, 'rather twice than not at all');
});
