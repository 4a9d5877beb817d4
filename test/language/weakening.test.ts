// T-80 of THREAT-MODEL.md: a policy that lets more pass is never called no weaker.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runPairs } from '../support/weakening-pairs.js';

const seed = 20_261_121;
const requests = 20_000;

test(`of a policy that is called no weaker, no request passes that was denied: ${requests} requests (seed ${seed})`, t => {
  const tally = runPairs(seed, requests);
  t.diagnostic(JSON.stringify(tally));
  // A comparison that calls everything weaker, or pairs that never differ, would say nothing.
  assert.ok(
    tally.pairs > 100 && tally.denied > 5000 && tally.shown > 25 && tally.shown * 4 > tally.weaker,
    JSON.stringify(tally),
  );
});
