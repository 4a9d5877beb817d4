import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyEngine, FALSE, TRUE, UNKNOWN } from '../../support/body-engine.js';
import { on } from '../../support/body-values.js';
import { cpuMs } from '../../support/cpu-time.js';

const engine = await BodyEngine.make();
/** One path that bodies below have, and one that nothing has: the rest is skipped without being looked at. */
const matchers = [on(['w', 'x'], { exists: true }), on(['other'], { exists: true })];

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
function isUtf8(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(decoder.decode(bytes));
    return true;
  } catch {
    return false;
  }
}

/** `inner` between quotes, `at` bytes from the start. */
function quoted(inner: Uint8Array, at: number, after = ''): Buffer {
  return Buffer.concat([Buffer.from(`${' '.repeat(at)}"`), inner, Buffer.from(`"${after}`)]);
}

const HOSTILE = [
  ...['c0 80', 'c1 bf', 'e0 80 80', 'e0 9f bf', 'f0 80 80 80', 'f0 8f bf bf'],
  ...[
    'ed a0 80',
    'ed bf bf',
    'ed a0 bd ed b8 80',
    'f4 90 80 80',
    'f5 80 80 80',
    'f7 bf bf bf',
    'f8 88 80 80 80',
    'ff',
    'fe',
  ],
  ...['80', 'bf', '80 80', 'c2', 'df', 'e0 a0', 'e1 80', 'ed 9f', 'ef bf', 'f0 90', 'f0 90 80', 'f4 8f bf', 'f1 80 80'],
  ...['c2 80 80', 'e1 80 80 80', 'f1 80 80 80 80', 'c2 c2 80', 'e1 c2 80', 'f0 90 80 41', 'e1 41 80', 'f1 80 e1 80 80'],
].map(hex => Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const EDGES = ['\u0080', '߿', 'ࠀ', '퟿', '\ue000', '\uffff', '𐀀', '\u{10ffff}'].map(text => Buffer.from(text));

test('UTF-8 at every alignment and block edge, and cut short at the end', () => {
  engine.program(matchers);
  const judged = (body: Uint8Array): boolean => engine.judge({ body })[0] === FALSE;
  for (const sequence of [...HOSTILE, ...EDGES]) {
    const valid = isUtf8(sequence);
    for (let at = 0; at <= 64; at++) {
      const before = Buffer.alloc(at % 7, 'a');
      for (const fill of ['', 'b'.repeat(17), 'й'.repeat(9), '漢'.repeat(6), '😀'.repeat(5)]) {
        const inner = Buffer.concat([before, Buffer.from(fill), sequence, Buffer.from(fill)]);
        assert.equal(judged(quoted(inner, at)), valid, `${sequence.toString('hex')} at ${at} in ${fill}`);
      }
      const whole = quoted(sequence, at);
      for (let cut = 1; cut <= sequence.length + 1; cut++) assert.ok(!judged(whole.subarray(0, whole.length - cut)));
    }
  }
});

test('every pair of bytes, and every triple and quadruple of the bytes where rules change, is UTF-8 or not as TextDecoder says', () => {
  engine.program(matchers);
  const same = (inner: number[], at: number): void => {
    const bytes = Uint8Array.from(inner);
    const body = quoted(bytes, at);
    assert.equal(engine.judge({ body })[0] === FALSE, isUtf8(bytes), `${Buffer.from(bytes).toString('hex')} at ${at}`);
  };
  const plain = (byte: number): boolean => byte >= 0x20 && byte !== 0x22 && byte !== 0x5c;
  for (let a = 0; a < 256; a++) for (let b = 0x80; b < 256; b++) if (plain(a)) same([a, b], (a + b) % 17);
  const turns = [
    0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5,
    0xff,
  ];
  for (const a of turns) for (const b of turns) for (const c of turns) same([a, b, c], (a + b + c) % 17);
  for (const a of [0xe0, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5])
    for (const b of turns) for (const c of turns) for (const d of turns) same([a, b, c, d], (b + c + d) % 17);
});

test('random strings of bytes are judged as TextDecoder and JSON.parse judge them', () => {
  engine.program(matchers);
  const piece = fc.oneof(
    fc.constantFrom(...HOSTILE, ...EDGES),
    fc.string({ unit: 'binary', maxLength: 40 }).map(text => Buffer.from(text)),
    fc
      .constantFrom('\\n', '\\"', '\\u00e9', '\\ud83d\\ude00', '\\', '\\u12', '\\x', '\\/', '\\\\', '\\\\\\')
      .map(text => Buffer.from(text)),
    fc.string({ unit: 'grapheme-ascii', maxLength: 40 }).map(text => Buffer.from(JSON.stringify(text).slice(1, -1))),
    fc.uint8Array({ maxLength: 5 }).map(bytes => Buffer.from(bytes)),
  );
  let valid = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), fc.nat({ max: 64 }), (pieces, at) => {
      const body = quoted(Buffer.concat(pieces), at, ' '.repeat(at % 5));
      const json = isJson(body);
      if (json) valid++;
      assert.equal(engine.judge({ body })[0], json ? FALSE : UNKNOWN);
      const inside = Buffer.concat([Buffer.from('{"a":[{"b":'), body, Buffer.from('}],"w":{"x":0}}')]);
      assert.equal(engine.judge({ body: inside })[0], isJson(inside) ? TRUE : UNKNOWN);
    }),
    { numRuns: 4_000, seed: 11 },
  );
  assert.ok(valid > 500, `${valid} valid`);
});

test('texts that are almost JSON are judged as JSON.parse judges them, looked at or skipped', () => {
  engine.program(matchers);
  const blank = fc.constantFrom(
    '',
    '',
    '',
    ' ',
    '\n',
    '  ',
    '\t',
    '\r\n',
    '\n        ',
    '                 ',
    '\f',
    '\u00a0',
  );
  const token = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"a":',
      '"b":1',
      '0',
      '-0',
      '12',
      '1.5',
      '-1e5',
      '1E+2',
      '01',
      '1.',
      '.5',
      '-',
      '1e',
      '1e+',
    ],
    ...[
      'true',
      'false',
      'null',
      'tru',
      'nulll',
      'True',
      '"\\u00zz"',
      '"long enough to fill a block"',
      '{}',
      '[]',
      '[1,2]',
      '{"a":1}',
    ],
  );
  const value = fc.letrec<{ value: string }>(tie => ({
    value: fc.oneof(
      { depthSize: 'medium' },
      fc.constantFrom('0', '-1.5e3', '""', '"a\\n"', 'true', 'null', 'false'),
      fc.array(tie('value'), { maxLength: 3 }).map(items => `[${items.join(',')}]`),
      fc
        .array(tie('value'), { maxLength: 3 })
        .map(items => `{${items.map((item, i) => `"k${i}":${item}`).join(' ,')}}`),
    ),
  })).value;
  const almost = fc.oneof(
    fc.array(fc.tuple(token, blank), { maxLength: 8 }).map(parts => parts.flat().join('')),
    fc.tuple(value, fc.nat(), fc.oneof(token, blank), fc.nat({ max: 2 })).map(([text, at, more, drop]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + more + text.slice(place + drop);
    }),
  );
  let valid = 0;
  fc.assert(
    fc.property(almost, text => {
      for (const body of [text, `{"a":${text},"w":{"x":1}}`, `[${text}]`]) {
        const bytes = Buffer.from(body);
        if (bytes.length === 0) continue;
        const json = isJson(bytes);
        if (json) valid++;
        assert.equal(engine.judge({ body: bytes })[1] !== UNKNOWN, json, body);
      }
    }),
    { numRuns: 6_000, seed: 12 },
  );
  assert.ok(valid > 1_500, `${valid} valid`);
});

test('128 containers deep is judged, 129 is UNKNOWN, looked at or skipped', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    for (const [depth, answer] of [
      [127, FALSE],
      [128, FALSE],
      [129, UNKNOWN],
      [500, UNKNOWN],
    ] as const) {
      for (const wanted of [[], Array.from({ length: 60 }, () => (open === '[' ? 0 : 'a')), ['no']]) {
        engine.program([on([...wanted, 'none'], { exists: true })]);
        const body = `${open.repeat(depth)}0${close.repeat(depth)}`;
        assert.equal(engine.judge({ body })[0], answer, `${depth} ${open} ${wanted.length}`);
      }
    }
  }
});

test('contains finds a text wherever it stands, and nothing that is not there', () => {
  const letters = fc.constantFrom('a', 'a', 'b', 'é');
  const some = fc.array(letters, { maxLength: 60 }).map(parts => parts.join(''));
  let found = 0;
  fc.assert(
    fc.property(
      some,
      fc.array(letters, { maxLength: 12 }),
      fc.nat({ max: 20 }),
      fc.boolean(),
      (text, parts, at, escaped) => {
        const needle = parts.join('');
        engine.program([on(['t'], { contains: needle })]);
        const json = JSON.stringify(text);
        // What follows the string would match if anything were read past its end.
        const body = `${' '.repeat(at)}{"t":${escaped ? json.replaceAll('b', '\\u0062') : json},"u":"${needle}${needle}"}`;
        if (text.includes(needle)) found++;
        assert.equal(engine.judge({ body })[0], text.includes(needle) ? TRUE : FALSE, `${text} ${needle}`);
      },
    ),
    { numRuns: 3_000, seed: 13 },
  );
  assert.ok(found > 500, `${found} found`);
});

test('a needle that nearly matches everywhere takes time linear in the body', () => {
  const half = 'a'.repeat(500);
  const text = 'a'.repeat(4_000_000);
  for (const [needle, answer] of [
    [`${half}b${half}`, FALSE],
    [`${half}a${half}`, TRUE],
  ] as const) {
    engine.program([on([], { contains: needle })]);
    // Four thousand million steps would take many times as long.
    const ms = cpuMs(() => assert.equal(engine.judge({ body: `"${text}"` })[0], answer));
    assert.ok(ms < 1500, `${ms} ms`);
  }
  engine.program([on([], { contains: `${half}b${half}` })]);
  assert.equal(engine.judge({ body: `"${text}${half}b${text}"` })[0], TRUE);
});

test('every byte after a backslash, and runs of backslashes of any length, at every place in a block', () => {
  engine.program(matchers);
  for (let at = 0; at <= 33; at++) {
    const before = Buffer.from('x'.repeat(at));
    for (let byte = 0; byte < 128; byte++) {
      for (const after of ['', '\\n', '0000', '00e9\\u00E9y', '00g0', '"']) {
        const inner = Buffer.concat([before, Buffer.from([0x5c, byte]), Buffer.from(after)]);
        const body = quoted(inner, 0);
        assert.equal(engine.judge({ body })[0], isJson(body) ? FALSE : UNKNOWN, body.toString());
      }
    }
    for (let run = 0; run <= 40; run++) {
      for (const after of ['', 'n', '"', '"n\\', 'u00e9', '\\n', '"\\"']) {
        const body = quoted(Buffer.concat([before, Buffer.from('\\'.repeat(run) + after)]), 0);
        assert.equal(engine.judge({ body })[0], isJson(body) ? FALSE : UNKNOWN, body.toString());
      }
    }
  }
});
