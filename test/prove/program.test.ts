import { test } from 'node:test';
import { spoilMany } from '../support/spoil-many.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const programs = Number(process.env.PROGRAMS ?? 20_000_000);

test(`${programs} spoilt programs (seed ${seed})`, async t => {
  const { refused, decided } = await spoilMany(seed, programs);
  t.diagnostic(`seed ${seed}: ${refused} refused, ${decided} loaded and decided, none hung, none escaped`);
});
