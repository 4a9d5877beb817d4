import { test } from 'node:test';
import { crashRounds } from '../support/crash.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const rounds = Number(process.env.ROUNDS ?? 500);
const ROUNDS_A_TEST = 50;

for (let from = 0; from < rounds; from += ROUNDS_A_TEST) {
  const own = seed + from;
  const count = Math.min(ROUNDS_A_TEST, rounds - from);
  test(`${count} rounds of SIGKILL under load, each with a log told by chance (seed ${own})`, async t => {
    const { calls, told, recovered, files } = await crashRounds(count, own, true);
    t.diagnostic(`seed ${own}, ${count} rounds, ${calls} calls reached the upstream, ${files} files at the end`);
    t.diagnostic(`${JSON.stringify(told)}; recovered ${JSON.stringify(recovered)}`);
  });
}
