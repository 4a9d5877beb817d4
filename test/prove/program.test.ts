import { test } from 'node:test';
import { spoil } from '../support/spoilt-program.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const programs = Number(process.env.PROGRAMS ?? 100_000);

test(`${programs} spoilt programs (seed ${seed})`, t => {
  t.diagnostic(`seed ${seed}: ${spoil(seed, programs)} of ${programs} refused`);
});
