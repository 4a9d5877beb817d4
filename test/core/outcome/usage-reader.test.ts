/** What a model's answer says of itself, whatever the pieces it comes in and whoever wrote it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonScan } from '#src/core/outcome/json-scan.js';
import { type Found, PLACES, type Places, type Usage } from '#src/core/outcome/usage.js';
import { usageReader } from '#src/core/outcome/usage-reader.js';
import { MODEL_ANSWERS } from '../../support/model-answers.js';

const encoder = new TextEncoder();

/** Read in pieces of `size` bytes. */
function read(type: string, body: string, size = Number.POSITIVE_INFINITY): Usage | null {
  const reader = usageReader(type);
  assert.ok(reader !== null, type);
  const bytes = encoder.encode(body);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, Math.min(at + size, bytes.length)));
  return reader.usage;
}

for (const { name, type, body, usage } of MODEL_ANSWERS) {
  test(`${name}: whole, and in pieces of every size`, () => {
    for (let size = 1; size <= 64; size++) assert.deepEqual(read(type, body, size), usage, `pieces of ${size} bytes`);
    assert.deepEqual(read(type, body), usage);
  });
}

const JSON_TYPE = 'application/json';
const counted = '"usage":{"prompt_tokens":1}';
const rows: [string, string, Usage | null][] = [
  ['a model without any count is no model’s answer', '{"model":"john@example.com"}', null],
  ['a car', '{"model":"T","usage":"daily"}', null],
  ['an error of a vendor', '{"error":{"message":"no","model":"m"}}', null],
  ['nothing', '', null],
  ['no object', '[1,"model",null]', null],
  ['cut short', '{"object":"response","model":"m","usage":{"input_tokens":1}', null],
  ['more closed than opened', `}}]]{"model":"m",${counted}}`, { model: 'm', inputTokens: 1 }],
  ['a negative count', '{"usage":{"prompt_tokens":-1,"completion_tokens":2}}', { outputTokens: 2 }],
  ['a fraction', '{"usage":{"prompt_tokens":1.5,"completion_tokens":2}}', { outputTokens: 2 }],
  ['an exponent', '{"usage":{"prompt_tokens":1e3,"completion_tokens":2}}', { outputTokens: 2 }],
  ['a count as text', '{"usage":{"prompt_tokens":"1","completion_tokens":2}}', { outputTokens: 2 }],
  [
    'a count beyond what is exact',
    '{"usage":{"prompt_tokens":9007199254740993,"completion_tokens":2}}',
    { outputTokens: 2 },
  ],
  [
    'a count of many digits',
    `{"usage":{"prompt_tokens":${'9'.repeat(400)},"completion_tokens":2}}`,
    { outputTokens: 2 },
  ],
  [
    'a sum beyond what is exact',
    '{"usage":{"input_tokens":9007199254740991,"cache_read_input_tokens":1,"output_tokens":2}}',
    { outputTokens: 2 },
  ],
  ['the last of two keys', `{"model":"a","model":"b",${counted}}`, { model: 'b', inputTokens: 1 }],
  ['escaped keys and values', `{"mod\\u0065l":"a\\/b",${counted}}`, { model: 'a/b', inputTokens: 1 }],
  ['a model that is a number', `{"model":5,${counted}}`, { inputTokens: 1 }],
  ['a model that is an object', `{"model":{"model":"x"},${counted}}`, { inputTokens: 1 }],
  ['a model in a list', `{"model":["x"],${counted}}`, { inputTokens: 1 }],
  ['usage in a list', '{"usage":[{"prompt_tokens":1}]}', null],
  ['a model of a megabyte', `{"model":"${'m'.repeat(1_000_000)}",${counted}}`, { model: '?', inputTokens: 1 }],
  ['a broken escape', `{"model":"\\ud8",${counted}}`, { model: '?', inputTokens: 1 }],
  ['a key of a megabyte', `{"${'k'.repeat(1_000_000)}":1,${counted}}`, { inputTokens: 1 }],
  ['a hundred thousand levels', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)},${counted}}`, { inputTokens: 1 }],
  ['a byte order mark', `\ufeff{${counted}}`, { inputTokens: 1 }],
  ['strings full of backslashes', `{"a":"\\\\\\"","b":"\\\\",${counted}}`, { inputTokens: 1 }],
];
for (const [name, body, usage] of rows) {
  test(`JSON: ${name}`, () => {
    assert.deepEqual(read(JSON_TYPE, body), usage);
    assert.deepEqual(read(JSON_TYPE, body, 7), usage);
  });
}

const eventRows: [string, string, Usage | null][] = [
  ['data without the space', `data:{${counted}}\n\n`, { inputTokens: 1 }],
  ['other fields and comments', `: {${counted}}\nevent: {${counted}}\ndatab: {${counted}}\n\n`, null],
  ['data over several lines', 'data: {"usage":\ndata: {"prompt_tokens":\r\ndata: 1}}\r\n\r\n', { inputTokens: 1 }],
  [
    'an event that is broken does not spoil the next',
    `data: {"model":"a","x":["\n\ndata: {${counted}}\n\n`,
    { inputTokens: 1 },
  ],
  ['a document does not go on in the next event', 'data: {"usage":\n\ndata: {"prompt_tokens":1}}\n\n', null],
];
for (const [name, body, usage] of eventRows) {
  test(`events: ${name}`, () => {
    for (const size of [1, 2, 3, 5, 1000]) assert.deepEqual(read('text/event-stream', body, size), usage, `${size}`);
  });
}

test('only what is JSON, NDJSON or events in UTF-8 is read', () => {
  const types = [
    'application/json',
    'APPLICATION/JSON; charset=UTF-8',
    'application/vnd.api+json',
    'application/x-ndjson',
  ];
  for (const type of [...types, 'text/event-stream', 'application/stream+json', 'application/jsonl']) {
    assert.notEqual(usageReader(type), null, type);
  }
  const others = [null, '', 'text/html', 'application/jsonx', 'application/octet-stream', 'text/event-streams', 'json'];
  for (const type of [...others, 'application/json; charset=utf-16le', 'application/vnd.amazon.eventstream']) {
    assert.equal(usageReader(type), null, String(type));
  }
  assert.notEqual(usageReader(JSON_TYPE, 'identity'), null);
  assert.equal(usageReader(JSON_TYPE, 'gzip'), null);
});

/** The same by a parser, for documents that are valid. */
function parsed(value: unknown, places: Places, found: Found = {}): Found {
  for (const [key, one] of Object.entries(value as Record<string, unknown>)) {
    const place = places.get(key);
    if (typeof place === 'object') {
      if (typeof one === 'object' && one !== null && !Array.isArray(one)) parsed(one, place, found);
    } else if (place === 'model' || place === 'kind') {
      if (typeof one === 'string') found[place] = one;
    } else if (place !== undefined && Number.isInteger(one) && /^\d{1,16}$/.test(String(one)))
      found[place] = one as number;
  }
  return found;
}

test('finds in any document what a parser finds', () => {
  const keys = [
    'model',
    'usage',
    'response',
    'message',
    'input_tokens',
    'prompt_tokens',
    'meta',
    'tokens',
    'x',
    '"',
    '\\',
  ];
  const { tree } = fc.letrec<{ tree: unknown; leaf: unknown }>(tie => ({
    leaf: fc.oneof(
      fc.nat(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: 'binary' }),
      fc.constant(null),
      fc.boolean(),
    ),
    tree: fc.oneof(
      { maxDepth: 5 },
      tie('leaf'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('tree'), { maxKeys: 5, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...keys), tree, { noNullPrototype: true }),
      fc.nat(2),
      fc.integer({ min: 1, max: 40 }),
      (document, indent, size) => {
        const all: Found[] = [];
        const scan = new JsonScan(PLACES, found => all.push(found));
        const bytes = encoder.encode(JSON.stringify(document, null, indent));
        for (let at = 0; at < bytes.length; at += size) scan.push(bytes.subarray(at, at + size));
        assert.deepEqual(all, [parsed(document, PLACES)]);
      },
    ),
    { numRuns: 150, seed: 4242 },
  );
});

test('a string ends where a parser ends it, whatever it is full of and wherever it is cut', () => {
  const text = fc.string({ unit: fc.constantFrom('\\', '"', 'a', 'é', '\n'), maxLength: 300 });
  const cut = fc.integer({ min: 1, max: 400 });
  const check = fc.property(text, text, cut, (passed, key, size) => {
    const document = { [key]: passed, a: [passed, { [key]: key }], model: passed, usage: { prompt_tokens: 7 } };
    const usage = read(JSON_TYPE, JSON.stringify(document), size);
    assert.deepEqual(usage, { model: Buffer.byteLength(JSON.stringify(passed)) > 1026 ? '?' : passed, inputTokens: 7 });
  });
  fc.assert(check, { numRuns: 300, seed: 77 });
});

test('an answer is whole once its last event says so, and not before', () => {
  const one = 'data: {"model":"m","usage":{"prompt_tokens":1}}\n\n';
  const table: readonly [string, string, boolean][] = [
    ['text/event-stream', `${one}data: [DONE]\n\n`, true],
    ['text/event-stream', `${one}event: end\r\ndata:[DONE]\r\n\r\n`, true],
    ['text/event-stream', `data: [DONE]\n\n${one}`, true],
    ['text/event-stream', one, false],
    ['text/event-stream', 'data: [DONE]x\n\n', false],
    ['text/event-stream', 'data: x[DONE]\n\n', false],
    ['text/event-stream', 'data: [DON\n\ndata: E]\n\n', false],
    ['text/event-stream', 'data: {"a":"[DONE]"}\n\n', false],
    ['text/event-stream', ': [DONE]\n\nevent: [DONE]\n\n', false],
    [JSON_TYPE, '"[DONE]"', false],
  ];
  for (const [type, body, isWhole] of table) {
    for (let size = 1; size <= 20; size++) {
      const reader = usageReader(type);
      const bytes = encoder.encode(body);
      for (let at = 0; at < bytes.length; at += size) reader?.push(bytes.subarray(at, at + size));
      assert.equal(reader?.isWhole, isWhole, `${body} in pieces of ${size}`);
    }
  }
});
