/** Policies and requests, valid and hostile, from small pools so that they meet. */
import fc from 'fast-check';
import type { Asked } from './oracle.js';

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const some = <T>(item: fc.Arbitrary<T>, max: number, min = 0): fc.Arbitrary<T[]> =>
  fc.array(item, { minLength: min, maxLength: max });
/** Given in `percent` of all cases. */
const maybe = <T>(item: fc.Arbitrary<T>, percent: number): fc.Arbitrary<T | undefined> =>
  fc.oneof(
    { weight: percent, arbitrary: item as fc.Arbitrary<T | undefined> },
    { weight: 100 - percent, arbitrary: fc.constant(undefined) },
  );

const SEGMENT = pick('v1', 'a', 'b', 'ab', '*', '**', '{id}', 'a*', '*b', 'a*b', 'x;y', 'é', '12', 'a b', 'a\\b', 'A');
const HOST = pick(
  'api.example.com',
  'api.example.com',
  '*.example.com',
  '**.example.com',
  'a*.example.com',
  '*',
  '**',
  '*',
  '127.0.0.1',
  '127.*.*.1',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::127.0.0.1]',
  '0x7f.1',
  'EXAMPLE.com',
  'example.com.',
  'bücher.example',
  '*.*.com',
  '**.com',
  'api.**.com',
  'xn--bcher-kva.example',
  '[2001:DB8::1]',
  '*i.example.*',
  '**.b.**',
);
const url = fc.oneof(
  { weight: 1, arbitrary: pick('*', '**', '**/a', '**/v1/*', '**/b/**') },
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        pick('', '', '', '', 'https://', 'http://', 'wss://', 'tool://', 'tcp://'),
        HOST,
        pick('', '', '', ':*', ':443', ':80', ':8080'),
        pick('none', 'slash', 'plain', 'plain', 'plain', 'trailing', 'any'),
        some(SEGMENT, 4, 1),
      )
      .map(([scheme, host, port, shape, path]) => {
        const tail = shape === 'none' ? '' : shape === 'slash' ? '/' : shape === 'any' ? '/**' : `/${path.join('/')}`;
        return `${scheme}${host}${port}${tail}${shape === 'trailing' ? '/' : ''}`;
      }),
  },
);

const METHODS = pick('GET', 'post', 'DELETE', 'PATCH', 'M-SEARCH', '*');
const TEXT = pick('a', 'b', 'ab', '1', 'é', 'a, b', '', 'A', 'a b');
const NEEDLE = pick('a', 'b', 'ab', '1', 'é', 'a, b', 'a b', ',');
const stringTest = fc.oneof(
  TEXT.map(exact => ({ exact })),
  some(TEXT, 3, 1).map(list => ({ in: [...new Set(list)] })),
  NEEDLE.map(prefix => ({ prefix })),
  NEEDLE.map(suffix => ({ suffix })),
  NEEDLE.map(contains => ({ contains })),
  fc.tuple(NEEDLE, NEEDLE).map(([prefix, suffix]) => ({ prefix, suffix })),
  fc.constant({}),
  fc.constant({ present: true }),
  fc.constant({ present: false }),
);
const field = (names: fc.Arbitrary<string>): fc.Arbitrary<object> =>
  fc.tuple(names, stringTest).map(([name, test]) => ({ name, ...test }));
const query = some(field(pick('q', 'a b', 'Q', 'é', '_method')), 2, 1);
const headers = some(field(pick('x-a', 'X-B', 'Content-Type', 'x-http-method')), 2, 1);

/** A number keeps its spelling through `policyText`. */
const raw = (text: string): string => `\u0001${text}`;
const NUMBER = pick(
  '0',
  '-0',
  '1',
  '1.0',
  '10e-1',
  '5',
  '5e0',
  '50000',
  '50000.0',
  '5e4',
  '0.1',
  '-1',
  '1e100000',
  '9007199254740993',
  '9007199254740992',
  '1e-100000',
);
const OPERAND: fc.Arbitrary<unknown> = fc.oneof(
  NUMBER.map(raw),
  pick<unknown>('a', 'b', '5', 'true', '', 'é', '😀', true, false, null, ' 1', '1e3'),
);
const PATH = pick('$.a', '$.a', '$.b', '$.a.b', 'a.b', '$.a[0]', '$.a.0.b', "$['a b']", '$', '$.a[1]', 'c');
const bodyTest = fc.oneof(
  OPERAND.map(exact => ({ exact })),
  some(OPERAND, 3, 1).map(list => ({ in: list })),
  some(OPERAND, 3, 1).map(list => ({ not_in: list })),
  NUMBER.map(n => ({ min: raw(n) })),
  NUMBER.map(n => ({ max: raw(n) })),
  NEEDLE.map(prefix => ({ prefix })),
  NEEDLE.map(contains => ({ contains })),
  NEEDLE.map(suffix => ({ suffix })),
  fc.tuple(NUMBER, OPERAND).map(([min, operand]) => ({ min: raw(min), not_in: [operand] })),
  fc.constant({ exists: true }),
  fc.constant({ exists: false }),
  fc.constant({}),
);
const bodyMatcher = fc.tuple(PATH, bodyTest).map(([jsonpath, test]) => ({ jsonpath, ...test }));
const body = fc.oneof(bodyMatcher, some(bodyMatcher, 3, 1));

const WINDOW = pick('09:00-17:00', '22:00-06:00', '00:00-24:00', '12:00-12:01', '23:59-00:01');
const time = fc
  .tuple(pick('time_within', 'time_outside'), WINDOW, pick(undefined, 'UTC', 'utc', '+05:30', '-11:00'))
  .map(([key, window, timezone]) => ({ [key]: window, ...(timezone === undefined ? {} : { timezone }) }));

const matcher = fc
  .record({
    method: maybe(
      fc.oneof(
        METHODS,
        some(METHODS, 3, 1).map(list => [...new Set(list)]),
      ),
      40,
    ),
    url: maybe(url, 70),
    query: maybe(query, 12),
    headers: maybe(headers, 15),
    body: maybe(body, 45),
    time: maybe(time, 12),
  })
  .map(({ time, ...rest }) => ({ ...defined(rest), ...time }));

const limit = fc
  .tuple(
    pick('calls_per_second', 'calls_per_minute', 'calls_per_hour', 'calls_per_day'),
    fc.integer({ min: 1, max: 3 }),
    pick('global', 'agent', 'host', 'endpoint', 'body_field'),
    PATH,
    matcher,
  )
  .map(([window, calls, per, field, given]) => ({
    [window]: calls,
    per,
    ...(per === 'body_field' ? { field } : {}),
    ...given,
  }));

const rule = fc.oneof(
  { weight: 3, arbitrary: matcher.map(deny => ({ deny })) },
  { weight: 3, arbitrary: matcher.map(allow => ({ allow })) },
  { weight: 1, arbitrary: limit.map(of => ({ limit: of })) },
);

/** JSON text of a policy that loads. */
export const policyText: fc.Arbitrary<string> = fc
  .record({
    default: pick('allow', 'deny'),
    mode: maybe(pick('enforce', 'dry_run'), 30),
    agents: maybe(pick(['default'], ['bot-*', 'x'], ['*']), 25),
    rules: some(rule, 5).map(rules => rules.map((r, i) => ({ name: `r${i}`, ...r }))),
  })
  .map(policy => JSON.stringify(policy).replace(/"\\u0001([^"]*)"/g, '$1'));

const defined = (given: object): object => Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));

const REQUEST_HOST = pick(
  'api.example.com',
  'api.example.com',
  'API.Example.COM',
  'api.example.com.',
  'a.b.example.com',
  'example.com',
  '127.0.0.1',
  '0x7f.1',
  '2130706433',
  '[::1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[::ffff:127.0.0.1]',
  '[0:0::1]',
  'bücher.example',
  'xn--bcher-kva.example',
  'a..b',
  '[2001:db8::1]',
  '[::]',
  'u@h.example',
  'example.com..',
  '[::ffff:0:1]',
  '127.1',
  '[1::2:3:4:5:6:7]',
  'abc.b.com',
);
const PIECE = pick(
  '/',
  '/',
  '/',
  '/',
  'v1',
  'a',
  'b',
  'ab',
  'a',
  'b',
  '%2F',
  '%2f',
  '%5C',
  '\\',
  '..',
  '.',
  '%2e%2e',
  '%2E',
  ';',
  ';x',
  '%3B',
  '%25',
  '%2541',
  '%41',
  '%61',
  '%',
  '%zz',
  '%00',
  '%0a',
  '%252f',
  '%252e%252e',
  '%C3%A9',
  'é',
  '%ff',
  '%c3',
  '12',
  'deadbeef1',
  'x;y',
  '%20',
  'A',
  '%2561',
  '%255C',
  '%C2%85',
  '%25zz',
  '%2525',
  '123e4567-e89b-12d3-a456-426614174000',
  'abcdefghijklmno1',
);
const path = fc.oneof(
  { weight: 2, arbitrary: pick('/', '/v1/a', '/a', '/a/b', '/v1/a/b', '/a/', '/v1/12', '', '/x;y', '/ab', '/b') },
  { weight: 3, arbitrary: some(PIECE, 8).map(pieces => `/${pieces.join('')}`) },
);
const QUERY = pick(
  '',
  '',
  '?q=a',
  '?q=a&q=b',
  '?q=%61',
  '?a+b=1',
  '?a%20b=1',
  '?%zz=1',
  '?q=%ff',
  '?_method=DELETE',
  '?_method=',
  '?Q=a',
  '?q',
  '?&&q=ab&',
  '?%C3%A9=a',
  '?q=a%20b',
  '?q=a+b',
  '?_method=get&_method=post',
  '?q==a',
  '?_method=%zz',
);
const requestUrl = fc
  .tuple(
    pick('https://', 'https://', 'https://', 'http://', 'wss://', 'HTTPS://', 'ftp://', 'tcp://', 'tool://', ''),
    REQUEST_HOST,
    pick('', '', '', '', ':443', ':80', ':8080', ':', ':99999', ':0080'),
    path,
    QUERY,
    pick('', '', '', '#x?y'),
  )
  .map(
    ([scheme, host, port, tail, q, hash]) =>
      `${scheme}${scheme === 'tool://' ? 'api.example.com' : host}${port}${tail}${q}${hash}`,
  );

const CONTENT_TYPE = pick(
  'application/json',
  'application/json; charset=utf-8',
  'Application/JSON; Charset="UTF-8"',
  'application/json; charset=latin1',
  'application/vnd.a+json',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded',
  'APPLICATION/X-WWW-FORM-URLENCODED; charset=UTF-8',
  'application/x-www-form-urlencoded;charset=iso-8859-1',
  'text/plain',
  'application/json, application/json',
  'application/x-ndjson',
  '',
  'application/jsonl',
  'text/plain; a="x,y"; charset=utf-8',
);
const header: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(
      pick('x-a', 'X-A', 'x-b', 'X-b'),
      pick('a', 'b', 'a, b', 'a,b', '', 'ab', 'é', ' a ', 'b,a', ','),
    ),
  },
  { weight: 4, arbitrary: fc.tuple(pick('content-type', 'Content-Type'), CONTENT_TYPE) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      pick('host', 'Host'),
      pick(
        'api.example.com',
        'API.example.com.',
        'api.example.com:443',
        'api.example.com:80',
        '127.0.0.1',
        '[::1]',
        'x',
        '',
        'example.com',
        'a b',
        'api.example.com/',
      ),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      pick('X-HTTP-Method-Override', 'x-http-method', 'X-Method-Override'),
      pick('DELETE', 'get', 'get, DELETE', 'a b', '', 'PATCH,', '*'),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(pick('content-encoding'), pick('gzip', 'identity', '', 'Identity, identity')) },
);

const SCALAR = pick(
  '0',
  '1',
  '1.0',
  '10e-1',
  '5',
  '-0',
  '50000',
  '6e4',
  '50001',
  '"5"',
  '"a"',
  '"ab"',
  '"\\u0061"',
  '"é"',
  '"\\ud83d\\ude00"',
  '"\\ud83d"',
  'true',
  'false',
  'null',
  '"true"',
  '""',
  '9007199254740993',
  '9007199254740992.0',
  '1e100000',
  '1e100001',
  `1${'0'.repeat(30)}`,
  '" 1"',
  '"1e3"',
  '01',
  '+1',
  '.5',
  '1.',
  'nul',
  '"b, a"',
  '0.10',
  '"a',
  '"\u0007"',
  '"+5"',
  '"0x5"',
  'NaN',
  '1E-100001',
);
const { value } = fc.letrec<{ value: string }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    { weight: 3, arbitrary: SCALAR },
    {
      weight: 3,
      arbitrary: some(fc.tuple(pick('a', 'b', 'a b', 'c', '\\u0061', '0'), tie('value')), 3).map(
        m => `{${m.map(([k, v]) => `"${k}":${v}`).join(', ')}}`,
      ),
    },
    { weight: 1, arbitrary: some(tie('value'), 3).map(items => `[${items.join(',')}]`) },
  ),
}));
const FORM_NAME = pick(
  'a',
  'a',
  'b',
  'a[b]',
  'a[]',
  'a[0]',
  'a[1]',
  'a%5Bb%5D',
  'a b',
  'a+b',
  '_method',
  'a[',
  'a]',
  'a[b]c',
  '%zz',
  'a[1000]',
  'a[0][b]',
  'a[][b]',
  'c',
  '',
  '[a]',
  'a[01]',
  '0',
);
const FORM_VALUE = pick(
  '1',
  '5',
  '50001',
  '6e4',
  'a',
  'ab',
  'true',
  '',
  '%61',
  'DELETE',
  'get',
  '+5',
  '%ff',
  'a=b',
  'a+b',
  '1.0',
  '%C3%A9',
  'a b',
);
const form = some(fc.tuple(FORM_NAME, pick('=', '=', '=', ''), FORM_VALUE), 4).map(pairs =>
  pairs.map(([n, e, v]) => (e === '' ? n : `${n}=${v}`)).join('&'),
);
const objectBody = some(fc.tuple(pick('a', 'b', 'a b', 'c', '\\u0061'), value), 3).map(
  m => `{${m.map(([k, v]) => `"${k}":${v}`).join(',')}}`,
);
const requestBody = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 4, arbitrary: objectBody },
  { weight: 1, arbitrary: value },
  { weight: 3, arbitrary: form },
  {
    weight: 1,
    arbitrary: pick(
      '',
      ' ',
      '\ufeff{}',
      '{"a":1}\n{"a":2}',
      '{"a":1} x',
      '[',
      ' {"a":5}',
      `${'['.repeat(129)}${']'.repeat(129)}`,
      `${'['.repeat(128)}${']'.repeat(128)}`,
      `{"b":${'['.repeat(127)}${']'.repeat(127)},"a":5}`,
      `{"a":5,"pad":"${'x'.repeat(200)}"}`,
      `a=5&pad=${'x'.repeat(200)}`,
    ),
  },
);

export const request: fc.Arbitrary<Asked> = fc.record({
  method: pick('GET', 'GET', 'POST', 'POST', 'delete', 'PATCH', 'M-SEARCH', 'G T', ''),
  url: requestUrl,
  headers: some(header, 3),
  body: requestBody,
});

export interface Timed {
  readonly asked: Asked;
  readonly agent: string;
  /** Milliseconds after the last one. */
  readonly later: number;
}

export const requests: fc.Arbitrary<readonly Timed[]> = some(
  fc.record({
    asked: request,
    agent: pick('default', 'default', 'bot-1', 'x'),
    later: pick(0, 1, 499, 999, 1000, 59_999, 60_000, 3_600_000, 43_200_000, 86_399_001, 86_400_000),
  }),
  6,
  1,
).chain(list =>
  // Repeats make limits count.
  fc.boolean().map(repeat => (repeat ? list.flatMap(one => [one, { ...one, later: one.later % 1000 }]) : list)),
);
