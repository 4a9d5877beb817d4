import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparePairs } from '../../support/regex.js';

test('random patterns find in random texts what another implementation of RE2 finds', t => {
  const seed = 20_260_301;
  const { pairs, matched } = comparePairs(seed, 8_000);
  t.diagnostic(`seed ${seed}: ${pairs} pairs, ${matched} matched`);
  assert.ok(matched > pairs / 5 && matched < (pairs * 4) / 5, 'both answers are common');
});
