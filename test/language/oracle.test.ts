import { test } from 'node:test';
import { assertSeen, run } from '../support/oracle/run.js';

const seed = 20_260_107;
const cases = 20_000;

test(`the engine decides as the text of the language says, on ${cases} requests (seed ${seed})`, t => {
  const tally = run({ seed, cases, first: 0 });
  t.diagnostic(JSON.stringify(tally));
  assertSeen(tally, cases);
});
