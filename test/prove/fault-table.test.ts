import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lifeWithFault } from '../support/fault-table.js';

test("every system call of a log's life fails, not done and done", async t => {
  const calls = await lifeWithFault(-1, 'failed');
  assert.ok(calls.length > 1000, `${calls.length} calls`);
  const rest = Number(process.env.REST ?? 0);
  const every = Number(process.env.EVERY ?? 1);
  let tried = 0;
  for (const way of ['failed', 'persisted'] as const) {
    for (let at = rest; at < calls.length; at += every, tried += 1) await lifeWithFault(at, way);
  }
  t.diagnostic(`${tried} lives, one fault each; ${calls.length} calls in a life`);
});
