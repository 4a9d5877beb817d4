import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveCall } from '#src/agent/calls.js';
import { type Flight, InFlight } from '#src/agent/in-flight.js';
import type { KillHold } from '#src/agent/types.js';
import { type AgentId, agentId } from '#src/core/brand.js';

const id = (text: string): AgentId => agentId(text) ?? assert.fail(text);
const HOLD: KillHold = { source: '/x', scope: 'all', reason: null, ownerUid: null, fileTimeMs: null };

const flight = (agent: string, abort: (hold: KillHold) => boolean): Flight => ({ agent: id(agent), abort, leave() {} });

test('those that match are ended once, the others go on', () => {
  const flights = new InFlight(() => 0);
  const ended = new Set<string>();
  const once = (name: string) => () => !ended.has(name) && Boolean(ended.add(name));
  for (const name of ['a1', 'b1', 'a2']) flights.add(flight(name.slice(0, 1), once(name)));
  const gone = flight('a', () => assert.fail('it was taken out'));
  flights.add(gone);
  flights.remove(gone);
  flights.remove(gone);
  assert.equal(flights.size, 3);
  assert.equal(flights.abortAll(HOLD, agent => agent === 'a').aborted, 2);
  assert.deepEqual([...ended], ['a1', 'a2']);
  assert.equal(flights.abortAll(HOLD, agent => agent === 'a').aborted, 0);
});

test('one that throws does not save the others, and the time is whole milliseconds', () => {
  let now = 0;
  const flights = new InFlight(() => now);
  let ended = 0;
  flights.add(
    flight('a', () => {
      now += 0.2;
      throw new Error('no');
    }),
  );
  flights.add(
    flight('a', () => {
      ended++;
      return true;
    }),
  );
  assert.deepEqual(
    flights.abortAll(HOLD, () => true),
    { aborted: 2, abortMs: 1 },
  );
  assert.equal(ended, 1);
});

test('one that ends another on its way does not count it twice', () => {
  const flights = new InFlight(() => 0);
  const second = flight('a', () => assert.fail('it had ended'));
  flights.add(
    flight('a', () => {
      flights.remove(second);
      return true;
    }),
  );
  flights.add(second);
  assert.equal(flights.abortAll(HOLD, () => true).aborted, 1);
});

test('all leave when the agent closes', () => {
  const flights = new InFlight(() => 0);
  let left = 0;
  for (const name of ['a', 'b']) flights.add({ ...flight(name, () => true), leave: () => void left++ });
  flights.leaveAll();
  assert.equal(left, 2);
});

test('a call that waits before its decision is told once, unless it was taken back', () => {
  const flights = new InFlight(() => 0);
  let told = 0;
  const takeBack = flights.addWaiting(id('a'), () => told++);
  flights.addWaiting(id('b'), () => assert.fail('not of that agent'));
  flights.addWaiting(id('a'), () => assert.fail('taken back'))();
  assert.equal(flights.size, 2);
  assert.equal(flights.abortAll(HOLD, agent => agent === 'a').aborted, 1);
  assert.equal(flights.abortAll(HOLD, agent => agent === 'a').aborted, 0);
  takeBack();
  assert.deepEqual([told, flights.size], [1, 1]);
});

test('a call that waits for a disk that hangs ends with the switch', async () => {
  const flights = new InFlight(() => 0);
  const outcomes: string[] = [];
  const call = new LiveCall(
    {
      look: () => null,
      record: ({ result }) => outcomes.push(result),
      onDisk: () => new Promise(() => undefined),
      monotonicMs: () => 0,
      left: gone => flights.remove(gone),
    },
    'r',
    id('a'),
  );
  flights.add(call);
  const kept = call.onDisk();
  assert.equal(flights.abortAll(HOLD, () => true).aborted, 1);
  assert.equal(await kept, null);
  assert.equal(call.confirm(), HOLD);
  assert.deepEqual([outcomes, flights.size], [['killed'], 0]);
});

test('who listens late hears that the switch has ended the call, finished or not; and of no other', () => {
  const host = { look: () => null, record() {}, onDisk: () => null, monotonicMs: () => 0, left() {} };
  for (const isFinished of [false, true]) {
    const call = new LiveCall(host, 'r', id('a'));
    call.abort(HOLD);
    if (isFinished) call.finish({ result: 'killed' });
    let heard = 0;
    call.onKill(() => void heard++);
    assert.equal(heard, 1);
  }
  const living = new LiveCall(host, 'r', id('a'));
  living.onKill(() => assert.fail('it lives'));
  living.finish({ result: 'ok' });
  assert.equal(living.abort(HOLD), false);
});
