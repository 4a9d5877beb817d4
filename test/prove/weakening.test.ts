/** SEED and CASES (requests) are taken from the environment. */
import { test } from 'node:test';
import { runPairs } from '../support/weakening-pairs.js';

const { SEED, CASES } = process.env;
const seed = Number(SEED ?? Date.now() % 1_000_000);
const requests = Number(CASES ?? 2_000_000);

test(`of a policy that is called no weaker, no request passes that was denied: ${requests} requests (seed ${seed})`, t => {
  t.diagnostic(JSON.stringify(runPairs(seed, requests)));
});
