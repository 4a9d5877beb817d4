import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, fromBase64, fromHex, fromUtf8, sameBytes, toBase64, toHex, utf8 } from '#src/core/bytes.js';

test('hex and base64 agree with Buffer at every length up to 70', () => {
  for (let length = 0; length <= 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length * 11) & 255);
    assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'));
    assert.equal(toBase64(bytes), Buffer.from(bytes).toString('base64'));
    assert.deepEqual(fromHex(toHex(bytes)), bytes);
    assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
  }
});

for (const text of ['0', 'AB', 'aB', '0g', ' 00', '00\n', 'é0', '0x00', '００']) {
  test(`hex refuses ${JSON.stringify(text)}`, () => assert.equal(fromHex(text), null));
}

const refusedBase64 = ['Z', 'Zm', 'Zm8', 'Zm9=', 'Zh==', 'Zm8=\n', ' Zm8=', 'Zm8_', 'Zm-=', '====', '=', 'Z==='];
for (const text of [...refusedBase64, 'Zm8=Zm8=', 'Zm8é', 'Z=8=']) {
  test(`base64 refuses ${JSON.stringify(text)}`, () => assert.equal(fromBase64(text), null));
}

test('every base64 text that decodes encodes to itself', () => {
  const alphabet = 'ABCDwxyz0189+/=-_ \n';
  for (const a of alphabet)
    for (const b of alphabet)
      for (const c of alphabet)
        for (const d of alphabet) {
          const text = a + b + c + d;
          const bytes = fromBase64(text);
          if (bytes !== null) assert.equal(toBase64(bytes), text);
        }
});

test('UTF-8 is strict and keeps a BOM', () => {
  assert.equal(fromUtf8(Uint8Array.of(0xff)), null);
  assert.equal(fromUtf8(Uint8Array.of(0xed, 0xa0, 0x80)), null);
  assert.equal(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), '\ufeffa');
  assert.equal(fromUtf8(utf8('€😂')), '€😂');
});

test('concat and sameBytes', () => {
  assert.deepEqual(concat(utf8('ab'), new Uint8Array(0), utf8('c')), utf8('abc'));
  assert.equal(sameBytes(utf8('abc'), utf8('abd')), false);
  assert.equal(sameBytes(utf8('abc'), utf8('ab')), false);
  assert.equal(sameBytes(utf8('abc'), utf8('abc')), true);
});
