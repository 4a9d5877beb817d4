/** SEED, CASES and WORKERS (threads) are taken from the environment; a report's CASE replays that one policy. */
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { assertSeen, REQUESTS, run } from '../support/oracle/run.js';
import { runOn } from '../support/oracle/workers.js';

const { SEED, CASES, WORKERS, CASE } = process.env;
const seed = Number(SEED ?? Date.now() % 1_000_000);
const cases = Number(CASES ?? 5_000_000);
const workers = Number(WORKERS ?? availableParallelism());

test(`the engine decides as the text of the language says: ${cases} requests (seed ${seed})`, async t => {
  if (CASE !== undefined) return void run({ seed, cases: REQUESTS, first: Number(CASE) });
  const tally = await runOn(workers, { seed, cases });
  t.diagnostic(JSON.stringify(tally));
  assertSeen(tally, cases);
});
