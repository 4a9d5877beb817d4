// T-66 of THREAT-MODEL.md.
/**
 * Promise: whichever system call of the log fails, done or not, no accepted record is lost, no refused one stays, the log
 * goes on by itself and verifies. Every call of a life in `npm run prove`; here one of so many.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lifeWithFault } from '../../support/fault-table.js';

const EVERY = 201;

test(`one call in ${EVERY} of a log's life fails, not done or done`, async t => {
  const calls = await lifeWithFault(-1, 'failed');
  assert.ok(calls.length > 1000, `${calls.length} calls`);
  const kinds = new Set(calls);
  // Start, append, rotation, an epoch's end, state, reserve and retention are among them.
  for (const name of ['writeSync', 'fdatasyncSync', 'fsyncSync', 'renameSync', 'linkSync', 'unlinkSync', 'symlinkSync'])
    assert.ok(kinds.has(name), name);
  let tried = 0;
  for (const way of ['failed', 'persisted'] as const) {
    for (let at = way === 'failed' ? 5 : 6; at < calls.length; at += EVERY, tried += 1) await lifeWithFault(at, way);
  }
  t.diagnostic(`${tried} of ${2 * calls.length}`);
});
