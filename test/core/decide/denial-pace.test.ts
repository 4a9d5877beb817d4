import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DenialPace } from '#src/core/decide/denial-pace.js';

test('50 a second pass without waiting, for ever', () => {
  const pace = new DenialPace();
  for (let n = 0; n < 5000; n += 1) assert.equal(pace.wait('a', n * 20), 0);
});

test("a second's worth passes at once; then each waits for its turn, 5 s at most", () => {
  const pace = new DenialPace();
  const waits = Array.from({ length: 1000 }, () => pace.wait('a', 0));
  assert.ok(waits.slice(0, 50).every(ms => ms === 0));
  assert.deepEqual(waits.slice(50, 53), [20, 40, 60]);
  assert.equal(Math.max(...waits), 5000);
  assert.equal(pace.wait('a', 5000), 20, 'the flood is forgotten as fast as it was spread');
  assert.equal(pace.wait('a', 8001), 0);
});

test('one agent does not slow another, and memory is bounded', () => {
  const pace = new DenialPace();
  for (let n = 0; n < 500; n += 1) pace.wait('loud', 0);
  assert.equal(pace.wait('quiet', 0), 0);
  for (let n = 0; n < 5000; n += 1) pace.wait(`agent-${n}`, 0);
  assert.equal(pace.wait('quiet', 0), 0);
});
