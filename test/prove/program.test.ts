import { test } from 'node:test';
import { spoil } from '../support/spoilt-program.js';

test('100,000 spoilt programs', t => {
  const seed = Number(process.env.CHECKRD_SEED ?? 1);
  t.diagnostic(`seed ${seed}: ${spoil(seed, 100_000)} of 100000 refused`);
});
