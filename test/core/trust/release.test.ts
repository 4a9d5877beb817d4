/** What a release and the latch's file may say, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '#src/core/bytes.js';
import { type LatchEntry, latchFileText, RELEASED_KEPT, readLatchFile } from '#src/core/trust/latch-file.js';
import { judgeRelease, readRelease, releasePayload } from '#src/core/trust/release.js';

const ID = '0123456789abcdef0123456789abcdef';
const LOG = 'host.example/crm-1/0123456789abcdef';
const RELEASE = { id: ID, log: LOG, issued: '2026-01-01T00:00:00Z' };

test('a release says three things, each once and in its one form', () => {
  assert.deepEqual(readRelease(releasePayload(RELEASE)), RELEASE);
  const wrong: readonly unknown[] = [
    { ...RELEASE, more: 1 },
    { id: ID, log: LOG },
    { ...RELEASE, id: ID.toUpperCase() },
    { ...RELEASE, id: ID.slice(1) },
    { ...RELEASE, log: 'a b' },
    { ...RELEASE, log: 'a+b' },
    { ...RELEASE, log: '' },
    { ...RELEASE, log: 'é' },
    { ...RELEASE, issued: 'yesterday' },
    { ...RELEASE, issued: 1 },
    [RELEASE],
    null,
  ];
  for (const value of wrong) assert.equal(readRelease(utf8(JSON.stringify(value))), null, JSON.stringify(value));
  const twice = `{"id":"${ID}","id":"${ID}","log":"${LOG}","issued":"${RELEASE.issued}"}`;
  for (const text of [twice, '', '{', `${JSON.stringify(RELEASE)}x`]) assert.equal(readRelease(utf8(text)), null, text);
  assert.equal(readRelease(Uint8Array.of(0xff)), null);
});

test('a release ends what it names, of the log that it names, and no engagement of the past', () => {
  const held = [{ id: ID, log: LOG }];
  assert.deepEqual(judgeRelease(RELEASE, held, []), { ends: held[0] });
  assert.deepEqual(judgeRelease(RELEASE, held, [ID]), { ends: held[0] }, 'what stands is not spent');
  assert.deepEqual(judgeRelease({ ...RELEASE, log: `${LOG}x` }, held, []), { refused: 'release_other_log' });
  assert.deepEqual(judgeRelease(RELEASE, [], [ID]), { refused: 'release_spent' });
  assert.deepEqual(judgeRelease(RELEASE, [], []), { refused: 'release_unknown' });
});

test('the file of the latch is read as it was written, or not at all', () => {
  const entry: LatchEntry = {
    ...{ id: ID, log: LOG, source: '/k\u0000"', agents: null, reason: 'a\nb', ownerUid: 0, fileTimeMs: 1.5 },
  };
  const file = { held: [entry, { ...entry, agents: ['a*', 'b'], reason: null, ownerUid: null }], released: [ID] };
  const text = latchFileText(file);
  assert.deepEqual(readLatchFile(utf8(text)), file);
  const many = Array.from({ length: RELEASED_KEPT + 5 }, (_, i) => i.toString(16).padStart(32, '0'));
  assert.deepEqual(readLatchFile(utf8(latchFileText({ held: [], released: many })))?.released, many.slice(5));
  const spoilt = [
    text.replace('"v": 1', '"v": "1"'),
    text.replace(ID, ID.slice(1)),
    text.replace(LOG, 'a b'),
    text.replace('"agents": null', '"agents": []'),
    text.replace('"agents": null', '"agents": [1]'),
    text.replace('"owner_uid": 0', '"owner_uid": "0"'),
    text.replace('"reason": "a\\nb"', '"reason": 1'),
    text.replace('"reason"', '"raison"'),
    text.replace(/"released": \[[^\]]*\]/, '"released": [null]'),
    text.replace(/"held": \[.*\],/s, '"held": {},'),
    text.slice(0, -3),
    '',
    'null',
    '[]',
  ];
  for (const bad of spoilt) {
    assert.notEqual(bad, text);
    assert.equal(readLatchFile(utf8(bad)), null, bad);
  }
  assert.equal(readLatchFile(Uint8Array.of(0xff)), null);
});
