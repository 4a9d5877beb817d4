import { test } from 'node:test';
import { comparePairs } from '../support/regex.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const cases = Number(process.env.CASES ?? 1_000_000);

test(`${cases} pairs of a random pattern and a random text (seed ${seed})`, t => {
  t.diagnostic(JSON.stringify({ seed, ...comparePairs(seed, cases) }));
});
