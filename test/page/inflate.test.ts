/** Promise: the page's own decompressor gives what zlib gives, and objects where zlib objects, whatever the pieces. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as zlib from 'node:zlib';
import { crc32 } from '#src/page/crc32.js';
import { Inflate, InflateError } from '#src/page/inflate.js';

/** A generator of numbers that is the same everywhere (xorshift). */
let seed = 0x9e3779b9;
const below = (n: number): number => {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % n;
};

/** From noise to one byte: every kind of block occurs. */
function sample(length: number, letters: number): Uint8Array {
  const bytes = Uint8Array.from({ length }, () => below(letters));
  for (let i = 0; i < length / 50; i++) bytes.copyWithin(below(length), below(length), below(length));
  return bytes;
}

interface Out {
  readonly bytes: Buffer;
  readonly leftOver: number | null;
  readonly failed: InflateError | null;
}

function inflate(packed: Uint8Array, pieceBytes: number): Out {
  const inflate = new Inflate();
  const out: Buffer[] = [];
  let failed: InflateError | null = null;
  let at = 0;
  try {
    do {
      const to = Math.min(at + pieceBytes, packed.length);
      for (const piece of inflate.push(packed.subarray(at, to), to === packed.length)) out.push(Buffer.from(piece));
      at = to;
    } while (inflate.leftOver === null);
  } catch (error) {
    assert.ok(error instanceof InflateError, String(error));
    failed = error;
  }
  const { leftOver } = inflate;
  return { bytes: Buffer.concat(out), leftOver: leftOver === null ? null : leftOver + packed.length - at, failed };
}

const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED } = zlib.constants;
const STRATEGIES = [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED];

test('every level and strategy, in pieces of any length, with bytes after the end', () => {
  for (const [length, letters] of [
    [0, 1],
    [1, 256],
    [300, 4],
    [70_000, 256],
    [700_000, 20],
    [900_000, 1],
  ] as const) {
    const bytes = sample(length, letters);
    for (const level of [0, 1, 6, 9]) {
      const packed = zlib.deflateRawSync(bytes, { level, strategy: STRATEGIES[below(5)] as number });
      const after = below(5);
      const given = Buffer.concat([packed, Buffer.alloc(after, 0xff)]);
      const out = inflate(given, [65_536, given.length + 1, 1 + below(length)][below(3)] as number);
      assert.equal(out.failed, null);
      assert.ok(out.bytes.equals(bytes), `${length} ${letters} ${level}`);
      assert.equal(out.leftOver, after);
    }
  }
});

test('what is cut short is never whole, and what came before it is right', () => {
  for (const strategy of STRATEGIES) {
    const bytes = sample(3000, 30);
    const packed = zlib.deflateRawSync(bytes, { strategy });
    for (let at = 0; at < packed.length; at += 1 + below(9)) {
      const { failed, bytes: out } = inflate(packed.subarray(0, at), 1 + below(at + 1));
      assert.equal(failed?.code, 'cut_short', `${strategy} ${at}: ${failed?.message}`);
      assert.ok(out.equals(bytes.subarray(0, out.length)));
    }
  }
});

test('spoiled data: zlib and this one say the same of each', () => {
  let objected = 0;
  for (let i = 0; i < 1500; i++) {
    const packed = zlib.deflateRawSync(sample(200 + below(400), 1 + below(60)), {
      strategy: STRATEGIES[below(5)] as number,
    });
    for (let n = 1 + below(3); n > 0; n--) packed[below(Math.min(packed.length, i % 2 ? 60 : 1e9))] = below(256);
    let theirs: Uint8Array | string;
    try {
      theirs = zlib.inflateRawSync(packed);
    } catch (error) {
      theirs = (error as Error).message;
    }
    const ours = inflate(packed, 1 + below(900));
    if (typeof theirs === 'string') {
      objected++;
      assert.equal(ours.failed?.code, theirs === 'unexpected end of file' ? 'cut_short' : 'spoiled', theirs);
    } else assert.ok(ours.failed === null && ours.bytes.equals(theirs));
  }
  assert.ok(objected > 250, String(objected));
});

test('a small file that unpacks to a large one comes in small pieces', () => {
  const packed = zlib.deflateRawSync(new Uint8Array(40_000_000), { level: 9 });
  let length = 0;
  for (const piece of new Inflate().push(packed, true)) {
    assert.ok(piece.length <= 400_000);
    length += piece.length;
  }
  assert.equal(length, 40_000_000);
});

test('the check sum is that of zlib, in pieces as well', () => {
  const bytes = sample(10_000, 256);
  const { crc32: theirs } = zlib as typeof zlib & { crc32: (bytes: Uint8Array) => number };
  assert.equal(crc32(bytes), theirs(bytes));
  assert.equal(crc32(bytes.subarray(77), crc32(bytes.subarray(0, 77))), theirs(bytes));
});
