import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '#src/core/bytes.js';
import { limitClockMs, readSavedLimits, type SavedLimits, savedLimitsBytes } from '#src/core/decide/saved-limits.js';

const SAVED: SavedLimits = {
  clockMs: 5_000.25,
  at: { wallMs: 1_000_000, bootMs: 60_000.5, bootId: 'b0' },
  documents: [
    { layer: null, counters: Uint8Array.of(1, 10, 255) },
    { layer: '10-cap', counters: Uint8Array.of() },
  ],
};

test('what was kept is read back, and nothing else is', () => {
  const bytes = savedLimitsBytes(SAVED);
  assert.deepEqual(readSavedLimits(bytes), SAVED);
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(readSavedLimits(bytes.subarray(0, length)), null, `the first ${length} bytes`);
  }
  assert.equal(readSavedLimits(Uint8Array.of(...bytes, 0)), null, 'a byte more');
  const text = new TextDecoder('latin1').decode(bytes);
  for (const [from, to] of [
    ['"v":1', '"v":2'],
    ['"clock_ms":5000.25', '"clock_ms":-1'],
    ['"boot_id":"b0"', '"boot_id":7'],
    ['"bytes":3', '"bytes":-3'],
    ['"bytes":3', '"bytes":2.5'],
    ['"bytes":3', '"bytes":4'],
    ['"layer":null', '"layer":0'],
  ] as const) {
    assert.ok(text.includes(from));
    assert.equal(readSavedLimits(Buffer.from(text.replace(from, to), 'latin1')), null, to);
  }
  assert.equal(readSavedLimits(utf8('null\n')), null);
});

test('the clock of the limits goes on by no more than has passed', () => {
  const after = (now: Partial<SavedLimits['at']>): number =>
    limitClockMs(SAVED, { wallMs: 1_000_000, bootMs: 60_000.5, bootId: 'b0', ...now }) - SAVED.clockMs;
  assert.equal(after({ bootMs: 61_000 }), 999, 'whole milliseconds, never one too many');
  assert.equal(after({ bootMs: 61_000, wallMs: 90_000_000 }), 999, 'a wall clock that was set frees nothing');
  assert.equal(after({ bootMs: 61_000, wallMs: 0 }), 999);
  assert.equal(after({ bootId: 'b1', bootMs: 20_000, wallMs: 1_030_000 }), 30_000, 'another start: by the wall clock');
  assert.equal(
    after({ bootId: 'b1', bootMs: 20_000, wallMs: 900_000 }),
    20_000,
    'which may be wrong: since that start',
  );
  assert.equal(after({ bootId: null, bootMs: 0, wallMs: 900_000 }), 0);
  assert.equal(after({ bootMs: 1 }), 0, 'never backwards');
});
