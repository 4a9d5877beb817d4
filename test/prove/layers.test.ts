/** SEED and SETS are taken from the environment. */
import { test } from 'node:test';
import { runLayered } from '../support/oracle/layered.js';

const { SEED, SETS } = process.env;
const seed = Number(SEED ?? Date.now() % 1_000_000);
const sets = Number(SETS ?? 1_000);

test(`layers decide as the text of the language says: ${sets} sets of documents (seed ${seed})`, t => {
  t.diagnostic(JSON.stringify(runLayered(seed, sets)));
});
