// T-41 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '#src/agent/types.js';
import { agentId } from '#src/core/brand.js';
import { OPEN_CALL_MAX_AGE_MS, OPEN_CALLS_MAX_PER_AGENT, OpenCalls } from '#src/daemon/open-calls.js';

const A = agentId('a')!;
const B = agentId('b')!;

function call(ends: string[], name: string): Call {
  return {
    signal: new AbortController().signal,
    killed: null,
    onKill: () => {},
    onDisk: () => null,
    confirm: () => null,
    answered: () => {},
    finish: o => void ends.push(`${name} ${o.result}`),
  };
}

test('the oldest call of a silent agent makes room; others keep theirs', () => {
  const ends: string[] = [];
  const calls = new OpenCalls(() => 0);
  calls.add(B, 'other', call(ends, 'other'));
  for (let i = 0; i <= OPEN_CALLS_MAX_PER_AGENT; i++) calls.add(A, `${i}`, call(ends, `${i}`));
  assert.deepEqual(ends, ['0 aborted']);
  assert.equal(calls.size, OPEN_CALLS_MAX_PER_AGENT + 1);
  assert.equal(calls.take(A, '0'), null);
  assert.notEqual(calls.take(A, '1'), null);
});

test('age ends a call, and not before', () => {
  const ends: string[] = [];
  let now = 0;
  const calls = new OpenCalls(() => now);
  calls.add(A, 'old', call(ends, 'old'));
  now = 1;
  calls.add(A, 'young', call(ends, 'young'));
  now = OPEN_CALL_MAX_AGE_MS - 1;
  calls.sweep();
  assert.deepEqual(ends, []);
  now = OPEN_CALL_MAX_AGE_MS;
  calls.sweep();
  assert.deepEqual(ends, ['old aborted']);
  calls.closeAll();
  assert.deepEqual(ends, ['old aborted', 'young aborted']);
  assert.equal(calls.size, 0);
});

test('a call that is killed before it is filed is recorded as killed', () => {
  const ends: string[] = [];
  const calls = new OpenCalls(() => 0);
  calls.add(A, 'x', { ...call(ends, 'x'), signal: AbortSignal.abort() });
  assert.deepEqual(ends, ['x killed']);
  assert.equal(calls.size, 0);
});
