import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openInFlight } from '#src/agent/in-flight.js';
import type { KillHold } from '#src/agent/types.js';
import { type AgentId, agentId } from '#src/core/brand.js';

const id = (text: string): AgentId => agentId(text) ?? assert.fail(text);
const HOLD: KillHold = { source: '/x', scope: 'all', reason: null, ownerUid: null, fileTimeMs: null };

test('those that match are ended once, the others go on', () => {
  const flights = openInFlight(() => 0);
  const ended: string[] = [];
  for (const name of ['a', 'b', 'a']) flights.add({ agent: id(name), abort: () => void ended.push(name) });
  const gone = flights.add({ agent: id('a'), abort: () => void ended.push('gone') });
  gone();
  gone();
  assert.equal(flights.size, 3);
  assert.equal(flights.abortAll(HOLD, agent => agent === 'a').aborted, 2);
  assert.deepEqual(ended, ['a', 'a']);
  assert.equal(flights.size, 1);
  assert.equal(flights.abortAll(HOLD, agent => agent === 'a').aborted, 0);
});

test('one that throws does not save the others, and the time is whole milliseconds', () => {
  let now = 0;
  const flights = openInFlight(() => now);
  let ended = 0;
  flights.add({
    agent: id('a'),
    abort() {
      now += 0.2;
      throw new Error('no');
    },
  });
  flights.add({ agent: id('a'), abort: () => void ended++ });
  assert.deepEqual(
    flights.abortAll(HOLD, () => true),
    { aborted: 2, abortMs: 1 },
  );
  assert.equal(ended, 1);
});

test('one that ends another on its way does not count it twice', () => {
  const flights = openInFlight(() => 0);
  let second = () => {};
  flights.add({ agent: id('a'), abort: () => second() });
  second = flights.add({ agent: id('a'), abort: () => assert.fail('it had ended') });
  assert.equal(flights.abortAll(HOLD, () => true).aborted, 1);
});
