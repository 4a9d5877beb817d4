/** The kill switch in all its forms, over a real agent and a real network. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Checkrd } from 'checkrd';
import { AGENT, failureOf, opens, serves } from '../support/agent-under-test.js';
import { runs } from '../support/shell.js';
import { until } from '../support/until.js';

const ALLOW = 'default: allow\nrules: []\n';
const BODY = 'default: allow\nrules:\n  - { name: b, deny: { body: { jsonpath: $.no, exists: true } } }\n';
const EVERY = 'the kill switch stops every agent';

const FORMS: readonly (readonly [name: string, put: (path: string) => void, says: string | null])[] = [
  ['an empty file', path => writeFileSync(path, ''), EVERY],
  ['a directory', path => mkdirSync(path), EVERY],
  ['a dangling link', path => symlinkSync('/nowhere/at/all', path), EVERY],
  ['a link to itself', path => symlinkSync(path, path), EVERY],
  ['a FIFO', path => void runs('mkfifo', path), EVERY],
  ['a reason', path => writeFileSync(path, 'reason: fire drill\n'), `${EVERY}: fire drill`],
  ['this agent by a glob', path => writeFileSync(path, 'agents: ["ed*"]\n'), "the kill switch stops 'ed*'"],
  ['another agent', path => writeFileSync(path, 'agents: [other]\n'), null],
  ['an empty list of agents', path => writeFileSync(path, 'agents: []\n'), EVERY],
  ['an unknown key', path => writeFileSync(path, 'agents: [other]\nreson: x\n'), EVERY],
  ['a time that has passed', path => writeFileSync(path, 'until: "2020-01-01T00:00:00Z"\n'), null],
  ['a time to come', path => writeFileSync(path, 'until: "2999-01-01T00:00:00Z"\n'), EVERY],
  ['a time nobody can read', path => writeFileSync(path, 'until: tomorrow\n'), EVERY],
  ['more than 4 KiB', path => writeFileSync(path, `agents: [other]\n${'#'.repeat(5000)}\n`), EVERY],
  ['its own file in killswitch.d', path => writeFileSync(`${path}.d/${AGENT}`, ''), `the kill switch stops '${AGENT}'`],
  ['a dangling link there', path => symlinkSync('/nowhere', `${path}.d/${AGENT}`), `the kill switch stops '${AGENT}'`],
  ['the file of another agent there', path => writeFileSync(`${path}.d/other`, ''), null],
];
test('each form, and what the refused call is told', async t => {
  const server = await serves(t);
  const { fetch, killed, records } = opens(t, ALLOW);
  for (const [name, put, says] of FORMS) {
    const reached = server.got.length;
    put(killed());
    if (says === null) assert.equal((await fetch(server.origin)).status, 200, name);
    else {
      const denied = await failureOf(fetch(server.origin));
      assert.deepEqual([denied.code, denied.message], ['kill_switch', says], name);
      assert.equal(server.got.length, reached, name);
    }
    rmSync(killed(), { recursive: true, force: true, maxRetries: 10 });
    for (const id of [AGENT, 'other']) rmSync(`${killed()}.d/${id}`, { force: true });
    assert.equal((await fetch(server.origin)).status, 200, `after ${name}`);
  }
  const scopes = records('kill_engaged').map(r => r.scope);
  assert.ok(scopes.includes('ed*') && scopes.includes(AGENT) && scopes.includes('other'), scopes.join(' '));
  assert.equal(records('kill_released').length, scopes.length);
  for (const record of records('decision').filter(r => r.code === 'kill_switch')) {
    assert.equal(record.matched_rule_kind, 'kill_switch');
  }
});

test('calls go on only when every hold is gone', async t => {
  const server = await serves(t);
  const { fetch, killed } = opens(t, ALLOW);
  const own = `${killed()}.d/${AGENT}`;
  writeFileSync(killed(), 'agents: [edge]\n');
  writeFileSync(own, 'reason: mine\n');
  const stopped = async () => (await failureOf(fetch(server.origin))).message;
  assert.equal(await stopped(), `the kill switch stops '${AGENT}'`);
  rmSync(killed());
  assert.equal(await stopped(), `the kill switch stops '${AGENT}': mine`);
  writeFileSync(killed(), '');
  rmSync(own);
  assert.equal(await stopped(), EVERY);
  // From everybody to somebody else, in place.
  writeFileSync(killed(), 'agents: [other]\n');
  assert.equal((await fetch(server.origin)).status, 200);
  writeFileSync(killed(), 'agents: [other, edge]\n');
  assert.match(await stopped(), /other,edge/);
});

test('engaged before the start; the record says so', async t => {
  const server = await serves(t);
  const { home, checkrd } = opens(t, ALLOW);
  await checkrd.close();
  home.write('killswitch', 'reason: night\n');
  const again = new Checkrd({ agentId: AGENT, configDir: home.dir });
  assert.equal(again.healthy().holds.length, 1);
  assert.equal((await failureOf(again.wrap()(server.origin))).code, 'kill_switch');
  await again.close();
  assert.deepEqual(
    home
      .records(AGENT)
      .filter(r => r.type === 'kill_engaged')
      .map(r => [r.scope, r.reason, r.source]),
    [['all', 'night', home.path('killswitch')]],
  );
});

test('the folder is moved away under us, and comes back', async t => {
  const server = await serves(t);
  const { home, checkrd } = opens(t, ALLOW);
  await checkrd.close();
  const switchFile = home.path('ops', 'killswitch');
  const own = new Checkrd({ agentId: AGENT, configDir: home.dir, killswitchFile: switchFile });
  const fetch = own.wrap();
  assert.equal((await fetch(server.origin)).status, 200);
  renameSync(home.path('ops'), home.path('gone'));
  const denied = await failureOf(fetch(server.origin));
  assert.deepEqual(
    [denied.code, denied.message],
    ['kill_switch', `${EVERY}: the folder of the kill switch is gone or was replaced`],
  );
  mkdirSync(home.path('ops', 'killswitch.d'), { recursive: true });
  await until('calls again', async () => (await fetch(server.origin).catch(() => null))?.status === 200);
  // A new folder with a switch in it never lets a call through in between.
  rmSync(home.path('ops'), { recursive: true, force: true, maxRetries: 10 });
  mkdirSync(home.path('ops', 'killswitch.d'), { recursive: true });
  writeFileSync(switchFile, '');
  assert.equal((await failureOf(fetch(server.origin))).code, 'kill_switch');
  await until('re-armed', () => own.healthy().holds.every(hold => hold.source === switchFile));
  assert.equal((await failureOf(fetch(server.origin))).message, EVERY);
  await own.close();
});

test('engaged while a hook thinks: nothing is sent', async t => {
  const server = await serves(t);
  let engage = () => {};
  const beforeRequest = async () => engage();
  const { fetch, killed, records } = opens(t, ALLOW, { beforeRequest });
  engage = () => writeFileSync(killed(), '');
  assert.equal((await failureOf(fetch(server.origin))).code, 'kill_switch');
  engage = () => {};
  rmSync(killed());
  // A hook that does it without waiting.
  const sync = opens(t, ALLOW, { beforeRequest: () => writeFileSync(sync.killed(), '') });
  assert.equal((await failureOf(sync.fetch(server.origin))).code, 'kill_switch');
  assert.equal(server.got.length, 0);
  assert.deepEqual(
    records('decision').map(r => r.code),
    ['kill_switch'],
  );
});

test('engaged while the body is collected, and after it was judged: nothing is sent', async t => {
  const server = await serves(t);
  const { fetch, killed, records } = opens(t, BODY);
  let pulls = 0;
  const slow = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls++;
        if (pulls === 2) writeFileSync(killed(), 'reason: now\n');
        if (pulls <= 3) controller.enqueue(Buffer.from('["x"],'.slice(0, 3)));
        else controller.close();
      },
    });
  const send = () => fetch(server.origin, { method: 'POST', body: slow(), duplex: 'half' } as RequestInit);
  const denied = await failureOf(send());
  assert.deepEqual([denied.code, denied.message], ['kill_switch', `${EVERY}: now`]);
  assert.equal(server.got.length, 0);
  assert.deepEqual(
    records('decision').map(r => r.code),
    ['kill_switch'],
  );

  // Between the decision and the send: the last await belongs to the stream that ends late.
  rmSync(killed());
  const race = new Array(100).fill(0).map(async (_, i) => {
    const sent = fetch(server.origin, { method: 'POST', body: new Blob(['{}']) }).then(
      r => r.status,
      e => e.code,
    );
    if (i === 50) writeFileSync(killed(), '');
    return sent;
  });
  const ends = await Promise.all(race);
  const reached = server.got.length;
  const decided = records('decision').filter(r => r.policy_result === 'allow').length;
  assert.ok(reached <= decided && ends.slice(51).every(end => end === 'kill_switch'), ends.join(' '));
});

test('a stream in flight: the reader is told what a refused call is told, and the connection is cut', async t => {
  let cut = 0;
  const server = await serves(t, (_, response) => {
    response.once('close', () => cut++);
    response.write('data: 1\n\n');
  });
  const { fetch, killed, records, checkrd } = opens(t, ALLOW);
  const responses = await Promise.all([fetch(server.origin), fetch(server.origin), fetch(server.origin)]);
  const reader = responses[0].body?.getReader();
  await reader?.read();
  const reads = [reader?.read(), responses[1].text(), responses[2].clone().json()];
  const failures = Promise.all(reads.map(read => failureOf(Promise.resolve(read))));
  writeFileSync(killed(), 'reason: fire drill\n');
  for (const error of await failures) {
    assert.deepEqual([error.code, error.message], ['kill_switch', `${EVERY}: fire drill`]);
  }
  await until('the cuts', () => cut === 3);
  const [engaged] = records('kill_engaged');
  assert.deepEqual([engaged?.aborted, engaged?.reason], [3, 'fire drill']);
  assert.deepEqual(
    records('outcome').map(r => r.result),
    ['killed', 'killed', 'killed'],
  );
  assert.equal(checkrd.healthy().inFlight, 0);
  assert.equal((await failureOf(fetch(server.origin))).message, `${EVERY}: fire drill`);
});

test('a switch for another agent cuts no stream of ours', async t => {
  let finish = () => {};
  const server = await serves(t, (_, response) => {
    response.write('a');
    finish = () => void response.end('b');
  });
  const { fetch, killed, records } = opens(t, ALLOW);
  const response = await fetch(server.origin);
  writeFileSync(killed(), 'agents: [other]\n');
  writeFileSync(`${killed()}.d/other`, '');
  await until('both are noticed', () => records('kill_engaged').length === 2);
  finish();
  assert.equal(await response.text(), 'ab');
  assert.deepEqual(
    records('kill_engaged').map(r => r.aborted),
    [0, 0],
  );
});
