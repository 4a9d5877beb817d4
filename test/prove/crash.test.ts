import { test } from 'node:test';
import { crashRounds } from '../support/crash.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const rounds = Number(process.env.ROUNDS ?? 500);

test(`${rounds} rounds of SIGKILL under load, each with a log told by chance (seed ${seed})`, async t => {
  const { calls, told, recovered, files } = await crashRounds(rounds, seed, true);
  t.diagnostic(`seed ${seed}, ${rounds} rounds, ${calls} calls reached the upstream, ${files} files at the end`);
  t.diagnostic(`${JSON.stringify(told)}; recovered ${JSON.stringify(recovered)}`);
});
