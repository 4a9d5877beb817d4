/** Encoded bodies: what is decoded, what cannot be judged, and what a bomb may cost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { compilePolicy } from '#src/agent/compile.js';
import { undoEncoding } from '#src/agent/content-coding.js';
import { decideByGeneration } from '#src/agent/decide.js';
import type { Sha256Hex } from '#src/core/brand.js';
import type { HeaderLines } from '#src/core/decide/types.js';
import { engineModule } from '../support/engine.js';

const LIMIT = 4096;
const TEXT = '{"amount":60000}';
const JSON_TYPE: HeaderLines = [['Content-Type', 'application/json']];
const encoded = (...values: string[]): HeaderLines => values.map(value => ['Content-Encoding', value]);
const bytes = (given: Uint8Array) => ({ kind: 'bytes', bytes: given }) as const;
const gz = gzipSync(TEXT);
const zlib = deflateSync(TEXT);
const br = brotliCompressSync(TEXT);
const then = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);

/** The decoded text, `too_large`, or `as it is`. */
function undo(headers: HeaderLines, given: Uint8Array, limit = LIMIT): string {
  const body = bytes(given);
  const judged = undoEncoding(headers, body, limit);
  if (judged === body) return 'as it is';
  return judged.kind === 'decoded' ? Buffer.from(judged.bytes).toString() : judged.kind;
}

const x = (n: number): string => 'x'.repeat(n);
const cases: readonly (readonly [name: string, headers: HeaderLines, body: Uint8Array, expected: string])[] = [
  ['gzip', encoded('gzip'), gz, TEXT],
  ['x-gzip', encoded('x-gzip'), gz, TEXT],
  ['deflate, which is zlib', encoded('deflate'), zlib, TEXT],
  ['br', encoded('br'), br, TEXT],
  ['another case, white space, empty members', [['CONTENT-encoding', ' ,\tGZip , ']], gz, TEXT],
  ['an empty line beside it', encoded('', 'gzip'), gz, TEXT],
  ['all members of gzip, as RFC 1952 says', encoded('gzip'), then(gzipSync('{"a":'), gzipSync('1}')), '{"a":1}'],
  ['a gzip of nothing', encoded('gzip'), gzipSync(''), ''],
  ['just the limit', encoded('gzip'), gzipSync(x(LIMIT)), x(LIMIT)],
  ['a byte over the limit, gzip', encoded('gzip'), gzipSync(x(LIMIT + 1)), 'too_large'],
  ['a byte over the limit, deflate', encoded('deflate'), deflateSync(x(LIMIT + 1)), 'too_large'],
  ['a byte over the limit, br', encoded('br'), brotliCompressSync(x(LIMIT + 1)), 'too_large'],
  ['over the limit together', encoded('gzip'), then(gzipSync(x(LIMIT)), gzipSync('x')), 'too_large'],
  ['two encodings', encoded('gzip, br'), gz, 'as it is'],
  ['two lines', encoded('gzip', 'gzip'), gzipSync(gz), 'as it is'],
  ['identity and another', encoded('identity, gzip'), gz, 'as it is'],
  ['identity', encoded('identity'), gz, 'as it is'],
  ['an unknown encoding', encoded('zstd'), gz, 'as it is'],
  ['a name of Object.prototype', encoded('constructor'), gz, 'as it is'],
  ['a parameter', encoded('gzip;q=1'), gz, 'as it is'],
  ['no header', JSON_TYPE, gz, 'as it is'],
  ['another encoding than it says', encoded('br'), gz, 'as it is'],
  ['raw deflate', encoded('deflate'), deflateRawSync(TEXT), 'as it is'],
  ['gzip called deflate', encoded('deflate'), gz, 'as it is'],
  ['rubbish behind gzip', encoded('gzip'), then(gz, Buffer.from('x')), 'as it is'],
  ['zeros behind gzip', encoded('gzip'), then(gz, Buffer.alloc(3)), 'as it is'],
  ['zeros between two members', encoded('gzip'), then(gz, Buffer.alloc(3), gz), 'as it is'],
  ['half a member behind gzip', encoded('gzip'), then(gz, gz.subarray(0, 12)), 'as it is'],
  ['rubbish behind deflate', encoded('deflate'), then(zlib, Buffer.from('x')), 'as it is'],
  ['deflate twice', encoded('deflate'), then(zlib, zlib), 'as it is'],
  ['a zero behind br', encoded('br'), then(br, Buffer.alloc(1)), 'as it is'],
  ['br twice', encoded('br'), then(br, br), 'as it is'],
  ['a wrong checksum', encoded('gzip'), gz.map((b, i) => (i === gz.length - 8 ? b ^ 1 : b)), 'as it is'],
  ['a wrong length', encoded('gzip'), gz.map((b, i) => (i === gz.length - 1 ? b ^ 1 : b)), 'as it is'],
  ['a preset dictionary', encoded('deflate'), deflateSync(TEXT, { dictionary: Buffer.from('amount') }), 'as it is'],
  ['nothing', encoded('gzip'), new Uint8Array(0), 'as it is'],
  ['text that is not encoded', encoded('gzip'), Buffer.from(TEXT), 'as it is'],
  // One byte, `;`, is a whole brotli stream of nothing; a server that overlooks the header reads a text.
  ['text that is encoded as well', encoded('br'), Buffer.from(';'), 'as it is'],
];
for (const [name, headers, body, expected] of cases) {
  test(`${name}: ${expected.slice(0, 20)}`, () => assert.equal(undo(headers, body), expected));
}

test('cut anywhere, none of them is half a body', () => {
  for (const [name, whole] of [
    ['gzip', gz],
    ['deflate', zlib],
    ['br', br],
  ] as const) {
    for (let n = 0; n < whole.length; n++) assert.equal(undo(encoded(name), whole.subarray(0, n)), 'as it is');
  }
});

test('a limit of nothing, and a body that is over it before it is decoded', () => {
  assert.equal(undo(encoded('gzip'), gzipSync('x'), 0), 'as it is');
  assert.equal(undo(encoded('gzip'), gz, gz.length - 1), 'as it is');
  assert.equal(undo(encoded('gzip'), gz, TEXT.length - 1), 'as it is');
  assert.equal(undo(encoded('gzip'), gz, gz.length), TEXT);
});

/** 808 bytes of brotli that are 1 GiB of zeros, themselves as gzip. */
const BOMB = gunzipSync(
  Buffer.from(
    'H4sIAAAAAAAAAzv//389gwrDo40ORe////z/n7+BxUFGrOHdX/v///8zTmDoOMx0Ye//5///2zMIMRRGMOz6/v/P///sDkwKfNwO3//N////P4MHw5FExhf3/n/+/1+egbPBQofh7u/6f///MyswCrSzLqj+fx5qyQaGklFLRi0ZipYAAN6IGN8oAwAA',
    'base64',
  ),
);

test('a bomb of 1 GiB costs no more than the limit, and is too large', () => {
  assert.equal(BOMB.length, 808);
  const before = process.memoryUsage();
  assert.equal(undo(encoded('br'), BOMB, 1 << 20), 'too_large');
  const after = process.memoryUsage();
  assert.ok(after.rss - before.rss < 64 << 20, `${after.rss - before.rss} bytes more`);
  assert.ok(after.arrayBuffers - before.arrayBuffers < 8 << 20);
});

const UNNAMED = '0'.repeat(64) as Sha256Hex;

function generationOf(...policies: readonly string[]) {
  const documents = policies.map(policy => {
    const compiled = compilePolicy(new TextEncoder().encode(`${policy}\n`), '/policy.yaml');
    assert.ok(compiled.ok, JSON.stringify(compiled));
    const engine = engineModule().instantiate(compiled.program, { inspectBytes: LIMIT });
    return { path: '/policy.yaml', sha256: UNNAMED, layer: null, ...compiled.summary, engine };
  });
  return { id: UNNAMED, documents };
}

function decide(
  generation: ReturnType<typeof generationOf>,
  headers: HeaderLines,
  given: Uint8Array,
  permissive = false,
): string {
  const request = { method: 'POST', url: 'https://api.example.com/charges', headers, body: bytes(given) };
  const at = { wallMs: 0, monotonicMs: 0, dryRun: false, permissive };
  const decision = decideByGeneration(generation, request, 'a', at);
  if (decision === 'need_body') return decision;
  return [decision.code, decision.matchedRule, decision.uncertain ? '?' : null].filter(part => part !== null).join(' ');
}

const CAP = 'default: allow\nrules:\n  - { name: cap, deny: { body: { jsonpath: "$.amount", min: 50000 } } }';
const SMALL = 'default: deny\nrules:\n  - { name: small, allow: { body: { jsonpath: "$.amount", max: 50000 } } }';
const packs: readonly (readonly [string, (text: string) => Uint8Array])[] = [
  ['gzip', text => gzipSync(text)],
  ['x-gzip', text => gzipSync(text)],
  ['deflate', text => deflateSync(text)],
  ['br', text => brotliCompressSync(text)],
];
for (const [name, pack] of packs) {
  test(`${name}: a rule judges what the body says`, () => {
    const headers = [...JSON_TYPE, ...encoded(name)];
    assert.equal(decide(generationOf(CAP), headers, pack(TEXT)), 'rule_denied cap');
    assert.equal(decide(generationOf(CAP), headers, pack('{"amount":1}')), 'default_allowed');
    assert.equal(decide(generationOf(SMALL), headers, pack('{"amount":50000}')), 'rule_allowed small');
    assert.equal(decide(generationOf(SMALL), headers, pack('{"amount":50001}')), 'default_denied');
    const form: HeaderLines = [['Content-Type', 'application/x-www-form-urlencoded'], ...encoded(name)];
    assert.equal(decide(generationOf(CAP), form, pack('amount=60000')), 'rule_denied cap');
    const large = pack(JSON.stringify({ pad: x(LIMIT - 20), amount: 1 }));
    assert.equal(decide(generationOf(CAP), headers, large), 'body_too_large');
    const broken = pack(TEXT).slice(0, -1);
    assert.equal(decide(generationOf(CAP), headers, broken), 'rule_denied cap ?');
    assert.equal(decide(generationOf(SMALL), headers, broken), 'default_denied');
  });
}

test('what is decoded past the limit is a body over the limit: denied, and a guess only where that is wanted', () => {
  const headers = encoded('br');
  assert.equal(decide(generationOf(CAP), headers, BOMB), 'body_too_large');
  assert.equal(decide(generationOf(CAP), headers, BOMB, true), 'default_allowed ?');
  const elsewhere = 'default: allow\nrules:\n  - { name: r, deny: { url: "b.example/**", body: { jsonpath: $.a } } }';
  assert.equal(decide(generationOf(elsewhere), headers, BOMB), 'default_allowed');
});

test('a decoded body that is longer than what is copied at once', () => {
  const long = JSON.stringify({ pad: x(LIMIT - 40), amount: 60000 });
  assert.equal(decide(generationOf(CAP), encoded('gzip'), gzipSync(long)), 'rule_denied cap');
  const document = 'default: allow\nrules:\n  - { name: r, deny: { method: DELETE } }';
  assert.equal(decide(generationOf(document, CAP), encoded('gzip'), gzipSync(long)), 'rule_denied cap');
  assert.equal(decide(generationOf(CAP, CAP), encoded('gzip'), gzipSync('{"amount":1}')), 'default_allowed');
  assert.equal(decide(generationOf(SMALL, CAP), encoded('gzip'), gzipSync(TEXT)), 'default_denied');
});

test('a form that is encoded carries its method, and an encoded body of nothing is no body', () => {
  const form: HeaderLines = [['Content-Type', 'application/x-www-form-urlencoded'], ...encoded('gzip')];
  const noDeletes = 'default: allow\nrules:\n  - { name: d, deny: { method: DELETE } }';
  assert.equal(decide(generationOf(noDeletes), form, gzipSync('_method=delete')), 'rule_denied d');
  assert.equal(decide(generationOf(noDeletes), form, gzipSync('a=1')), 'default_allowed');
  const absent = 'default: deny\nrules:\n  - { name: a, allow: { body: { jsonpath: $.a, exists: false } } }';
  assert.equal(decide(generationOf(absent), encoded('gzip'), gzipSync('')), 'rule_allowed a');
});

test('a limit counts by a field of the decoded body; it is charged once a call', () => {
  const limit =
    'default: allow\nrules:\n  - { name: l, limit: { calls_per_day: 1, per: body_field, field: "$.model" } }';
  const generation = generationOf(limit);
  const ask = (model: string): string => decide(generation, encoded('gzip'), gzipSync(JSON.stringify({ model })));
  assert.deepEqual([ask('a'), ask('b'), ask('a')], ['default_allowed', 'default_allowed', 'rate_limited l']);
});
