/** Sentences of §3.4 of the language, one test each. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { raw } from '../support/oracle/pools.js';
import {
  ALLOWED,
  type Ask,
  allow,
  DENIED,
  deny,
  form,
  hold,
  json,
  LIMITED,
  limit,
  NO,
  PASS,
  U,
  UNSURE,
} from '../support/oracle/sentences.js';

const typed = (type: string, body: string | Uint8Array, ...more: (readonly [string, string])[]): Ask => ({
  url: U,
  headers: [['content-type', type], ...more],
  body,
});
const untyped = (body: string | Uint8Array): Ask => ({ url: U, body });
const at = (jsonpath: string, test: object = {}): { body: object } => ({ body: { jsonpath, ...test } });
const bytes = (...given: number[]): Uint8Array => Uint8Array.from(given);
const nested = (depth: number): string => `{"a":5,"b":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
const encoded = (name: string, body: Uint8Array): Ask => typed('application/json', body, ['content-encoding', name]);
const BIG = JSON.stringify({ a: 5, pad: 'é'.repeat(50) });

hold('§3.4', [
  {
    says: 'what is JSON: by type, without one, or by its first byte',
    policy: deny(at('$.a', { exact: raw('5') })),
    cases: [
      [json('{"a":5}'), DENIED],
      [untyped(' \n{"a":5}'), DENIED],
      [typed('image/png', '{"a":5}'), DENIED],
      [typed('application/vnd.x+json', '{"a":5}'), DENIED],
      [typed('application/x-www-form-urlencoded', '{"a":5}'), DENIED],
      [typed('application/x-www-form-urlencoded', 'a=5'), DENIED],
      [typed('application/json', '{"a":5}', ['content-type', 'text/plain']), UNSURE],
      [typed('application/json; charset=utf-16', '{"a":5}'), UNSURE],
      [typed('text/html', '<a>'), UNSURE],
      [{ url: U, headers: [['content-type', 'application/json']], body: '' }, PASS],
    ],
  },
  {
    says: 'lines of JSON: each is a reading',
    needs: 'lines',
    policy: deny(at('$.a', { exact: raw('5') })),
    cases: [
      [typed('application/x-ndjson', '{"a":1}\n\n{"a":5}\n'), DENIED],
      [typed('application/jsonl', '{"a":1}\r\n{"b":5}'), PASS],
      [typed('application/x-ndjson', '{"a":5}\n{"a":'), UNSURE],
      [typed('application/x-ndjson', '{\n"a":1}'), UNSURE],
      [untyped('{"a":1}\n{"a":5}'), DENIED],
      [untyped('{\n"a":1}\n'), PASS],
      [json('{"a":1}\n{"a":5}'), UNSURE],
      [typed('application/x-ndjson', '{"a":1}\n{"a":1,"a":1}'), UNSURE],
    ],
  },
  {
    says: 'an allow needs every line',
    needs: 'lines',
    policy: allow(at('$.a', { max: raw('5') })),
    cases: [
      [typed('application/x-ndjson', '{"a":1}\n{"a":5}'), ALLOWED],
      [typed('application/x-ndjson', '{"a":1}\n{"b":5}'), NO],
      [typed('application/x-ndjson', '\n\n'), NO],
    ],
  },
  {
    says: 'absence is asked of every line: a deny needs one without the node, an allow none with it',
    needs: 'lines',
    policy: {
      default: 'allow',
      rules: [
        { name: 'd', deny: { url: 'a.example/d', body: { jsonpath: '$.a', exists: false } } },
        { name: 'r', allow: { url: 'a.example/a', body: { jsonpath: '$.a', exists: false } } },
      ],
    },
    cases: (
      [
        ['d', '{"a":1}\n{}', 'rule_denied d'],
        ['d', '{"a":1}\n{"a":2}', PASS],
        ['d', '{"a":1}\n{', 'rule_denied d ?'],
        ['a', '{"a":1}\n{}', PASS],
        ['a', '{}\n{"b":1}', ALLOWED],
        ['a', '{}\n{', PASS],
      ] as const
    ).map(([path, body, answer]) => [{ ...(typed('application/x-ndjson', body) as object), url: U + path }, answer]),
  },
  {
    says: 'forms become trees; what is twofold is not judged',
    policy: deny(at('$.a.b[0]', { exact: 'c' })),
    cases: [
      [form('a[b][0]=c'), DENIED],
      [form('a%5Bb%5D[]=%63'), DENIED],
      [form('a[b][]=x&a[b][]=c'), PASS],
      ...[
        'a=1&a[b]=2',
        'a[]=1&a[b]=2',
        'a[]=1&a[0]=2',
        'a[b=1',
        'a]b=1',
        'a[1000]=1',
        `a${'[x]'.repeat(17)}=1`,
        'z&'.repeat(1001),
        '%c0=1',
        'a[b][0]=c&a[b][0]=d',
      ].map(body => [form(body), UNSURE] as const),
      [form(`${'z&'.repeat(0)}y${'[x]'.repeat(16)}=1`), PASS],
    ],
  },
  {
    says: "a form's values compare as the operand's type",
    policy: deny({ body: [{ jsonpath: '$.n', in: [raw('1e1'), true] }] }),
    cases: [
      [form('n=10.0'), DENIED],
      [form('n=true'), DENIED],
      [form('n=+10'), UNSURE],
      [form('n=%2B10'), UNSURE],
      [form('n=x'), PASS],
    ],
  },
  {
    says: 'one encoding is undone, capped at the limit',
    needs: 'encoding',
    options: { inspectBytes: 400 },
    policy: deny(at('$.a', { exact: raw('5') })),
    cases: [
      [encoded('gzip', gzipSync(BIG)), DENIED],
      [encoded('x-gzip', gzipSync(BIG)), DENIED],
      [encoded('Deflate', deflateSync(BIG)), DENIED],
      [encoded('br', brotliCompressSync(BIG)), DENIED],
      [encoded('gzip', gzipSync('{"a":1}')), PASS],
      [encoded('deflate', deflateRawSync(BIG)), UNSURE],
      [encoded('gzip, gzip', gzipSync(gzipSync(BIG))), UNSURE],
      [encoded('gzip', gzipSync(BIG).subarray(0, -1)), UNSURE],
      [encoded('gzip', Buffer.concat([gzipSync(BIG), bytes(1)])), UNSURE],
      [encoded('zstd', gzipSync(BIG)), UNSURE],
      [encoded('gzip', gzipSync(`{"a":5,"pad":"${'x'.repeat(400)}"}`)), 'body_too_large'],
      [encoded('identity', new TextEncoder().encode('{"a":5}')), DENIED],
    ],
  },
  {
    says: 'two short ways to write a path',
    policy: deny({ body: [{ jsonpath: 'messages.0.role', exact: 'x' }] }),
    cases: [
      [json('{"messages":[{"role":"x"}]}'), DENIED],
      [json('{"messages":{"0":{"role":"x"}}}'), PASS],
    ],
  },
  {
    says: 'of several nodes a deny needs one',
    needs: 'paths',
    policy: deny(at('$..role', { exact: 'system' })),
    cases: [
      [json('{"m":[{"role":"user"},{"x":{"role":"system"}}]}'), DENIED],
      [json('[[{"role":"user"}]]'), PASS],
      [json('{"role":1,"x":{"role":"system"}}'), DENIED],
      [json('{"role":true,"x":{"y":1,"y":1}}'), UNSURE],
      [form('m[0][role]=system'), DENIED],
    ],
  },
  {
    says: 'of several nodes an allow needs all, and at least one',
    needs: 'paths',
    policy: allow(at('$.m[*].n', { max: raw('5') })),
    cases: [
      [json('{"m":[{"n":1},{"n":5},{}]}'), ALLOWED],
      [json('{"m":{"x":{"n":5.0}}}'), ALLOWED],
      [json('{"m":[{"n":1},{"n":6}]}'), NO],
      [json('{"m":[{"n":1},{"n":"1"}]}'), NO],
      [json('{"m":[]}'), NO],
      [json('{"m":[{"n":1}],"o":{"x":1,"x":1}}'), NO],
    ],
  },
  {
    says: 'more than eight partial matches live at a depth are not judged',
    needs: 'paths',
    policy: deny({
      body: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map(name => ({ jsonpath: `$.*..${name}.x`, exists: false })),
    }),
    cases: [[json('{"q":{"a":{"x":1}}}'), PASS]],
  },
  {
    says: 'a duplicate on the way of a candidate path spoils every matcher of the body',
    policy: {
      default: 'allow',
      rules: [
        { name: 'r', deny: { url: 'a.example', body: { jsonpath: '$.a', exact: 'x' } } },
        { name: 's', allow: { url: 'a.example', body: { jsonpath: '$.b.c' } } },
        { name: 't', deny: { url: 'b.example', body: { jsonpath: '$.z.y' } } },
      ],
    },
    cases: [
      [json('{"a":"y","\\u0061":"y"}'), UNSURE],
      [json('{"a":"y","b":{"d":1,"d":1}}'), UNSURE],
      [json('{"a":"y","z":{"d":1,"d":1}}'), PASS],
      [json('{"a":"y","b":{"c":{"d":1,"d":1}}}'), 'rule_allowed s'],
    ],
  },
  {
    says: 'a table of 4,096 names; overflow is not judged',
    policy: deny(at('$.a', { exact: 'x' })),
    cases: [
      [json(`{${Array.from({ length: 4096 }, (_, i) => `"k${i}":1`).join()}}`), PASS],
      [json(`{${Array.from({ length: 4097 }, (_, i) => `"k${i}":1`).join()}}`), UNSURE],
    ],
  },
  {
    says: 'equality by type and value, numbers as decimals',
    policy: deny(at('$.a', { in: [raw('1.0'), 'x', true, null] })),
    cases: [
      ...['1', '1.0', '10e-1', '0.1E+1', '"x"', 'true', 'null'].map(v => [json(`{"a":${v}}`), DENIED] as const),
      ...['2', '"y"', 'false', '{}', '[1]'].map(v => [json(`{"a":${v}}`), PASS] as const),
      ...['"1"', '"true"', '"1e0"', '1e100001', '1e-100001', `1${'0'.repeat(1023)}1`].map(
        v => [json(`{"a":${v}}`), UNSURE] as const,
      ),
    ],
  },
  {
    says: 'min and max take any decimal and compare exactly',
    policy: deny(at('$.a', { min: raw('-0.5'), max: raw('9007199254740993') })),
    cases: [
      ...['-0.5', '9007199254740993', '9007199254740992.999', '1e-100000', '-5e-1'].map(
        v => [json(`{"a":${v}}`), DENIED] as const,
      ),
      ...['-0.50000000000000000001', '9007199254740993.1', '1e100000'].map(v => [json(`{"a":${v}}`), PASS] as const),
      ...['"1"', 'true', 'null', '{}'].map(v => [json(`{"a":${v}}`), UNSURE] as const),
    ],
  },
  {
    says: 'no node is FALSE, but for exists: false, and for not_in in a deny when there is a body',
    policy: {
      default: 'allow',
      rules: [
        { name: 'n', deny: { url: 'a.example/n', body: { jsonpath: '$.a', not_in: ['x'] } } },
        { name: 'e', deny: { url: 'a.example/e', body: { jsonpath: '$.a', exists: false } } },
        { name: 'm', deny: { url: 'a.example/m', body: { jsonpath: '$.a', min: raw('0') } } },
        {
          name: 'l',
          limit: { url: 'a.example/l', calls_per_day: 1, per: 'global', body: { jsonpath: '$.a', not_in: ['x'] } },
        },
      ],
    },
    cases: [
      [{ url: `${U}n`, body: '{}' }, 'rule_denied n'],
      [{ url: `${U}n` }, PASS],
      [{ url: `${U}n`, headers: [['content-type', 'application/json']], body: '' }, PASS],
      [{ url: `${U}n`, body: '{"a":[]}' }, 'rule_denied n ?'],
      [{ url: `${U}n`, body: '{"a":1}' }, 'rule_denied n ?'],
      [{ url: `${U}n`, body: '{"a":"y"}' }, 'rule_denied n'],
      [{ url: `${U}e`, body: '{}' }, 'rule_denied e'],
      [{ url: `${U}e` }, 'rule_denied e'],
      [{ url: `${U}e`, headers: [['content-type', 'application/json']], body: '' }, 'rule_denied e'],
      [{ url: `${U}e`, body: '{"a":null}' }, PASS],
      [{ url: `${U}m`, body: '{}' }, PASS],
      [{ url: `${U}l`, body: '{}' }, PASS],
      [{ url: `${U}l`, body: '{}' }, PASS],
    ],
  },
  {
    says: 'not_in in an allow needs the node',
    policy: allow(at('$.a', { not_in: ['x', raw('1')] })),
    cases: [
      [json('{"a":"y"}'), ALLOWED],
      [json('{"a":2}'), ALLOWED],
      [json('{"a":"1"}'), NO],
      [json('{"a":true}'), NO],
      [json('{}'), NO],
    ],
  },
  {
    says: 'strings compare as code points, without normalisation',
    policy: deny(at('$.a', { exact: 'é😀' })),
    cases: [
      [json('{"a":"\\u00e9\\ud83d\\ude00"}'), DENIED],
      [json('{"a":"e\u0301😀"}'), PASS],
      [json('{"a":"é\\ud83d"}'), PASS],
    ],
  },
  {
    says: 'what is broken anywhere is not judged, even after the node was found',
    policy: allow(at('$.a', { exact: raw('5') })),
    cases: [
      [json(nested(128)), ALLOWED],
      [json(nested(129)), NO],
      [json('{"a":5}x'), NO],
      [json('{"a":5,"b":01}'), NO],
      [untyped(Buffer.concat([Buffer.from('{"a":5,"b":"'), bytes(0xc0, 0xaf), Buffer.from('"}')])), NO],
      [untyped(Buffer.concat([Buffer.from('{"a":5,"b":"'), bytes(0xed, 0xa0, 0x80), Buffer.from('"}')])), NO],
      [json('\ufeff{"a":5}'), NO],
    ],
  },
  {
    says: 'regex is unanchored, $ is the end of the text, \\b is ASCII',
    needs: 'regex',
    policy: deny(at('$.a', { regex: '\\bab$' })),
    cases: [
      [json('{"a":"x ab"}'), DENIED],
      [json('{"a":"éab"}'), DENIED],
      [json('{"a":"xab"}'), PASS],
      [json('{"a":"ab\\n"}'), PASS],
      [json('{"a":1}'), UNSURE],
      [form('a=ab'), DENIED],
    ],
  },
  {
    says: 'a field with several nodes is ambiguous',
    needs: 'paths',
    policy: limit({ calls_per_hour: 1, per: 'body_field', field: '$.m[*]' }),
    cases: [
      [json('{"m":[1]}'), PASS],
      [json('{"m":[2]}'), PASS],
      [json('{"m":[3,4]}'), PASS],
      [json('{"m":[]}'), LIMITED],
      [json('{"m":[1]}'), LIMITED],
    ],
  },
]);
