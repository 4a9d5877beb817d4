import { test } from 'node:test';
import { compareMany } from '../support/oracle/compare.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const cases = Number(process.env.CASES ?? 40_000);

test(`the engine decides as the text of the language says: ${cases} policies (seed ${seed})`, t => {
  t.diagnostic(JSON.stringify(Object.fromEntries(compareMany({ seed, cases }))));
});
