import { test } from 'node:test';
import { crashRounds } from '../support/crash.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const rounds = Number(process.env.ROUNDS ?? 200);

test(`${rounds} rounds of SIGKILL under load (seed ${seed})`, async t => {
  const { calls } = await crashRounds(rounds, seed);
  t.diagnostic(`seed ${seed}, ${rounds} rounds, ${calls} calls reached the upstream`);
});
