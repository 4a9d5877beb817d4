/** Requests, valid and hostile, most of them aimed at a rule of the policy that will judge them. */
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { form, jsonFor, lines, odd } from './bodies.js';
import { has } from './features.js';
import type { Asked } from './oracle.js';
import type { Doc } from './policies.js';
import { REGEXES, TOOLS } from './pools.js';
import type { Random } from './random.js';

export interface Timed {
  readonly asked: Asked;
  readonly agent: string;
  /** Milliseconds after the last one. */
  readonly later: number;
}

const HOSTS = [
  ...['api.example.com', 'api.example.com', 'api.example.com', 'api.example.com', 'a.example.com', '127.0.0.1'],
  ...['API.Example.COM', 'api.example.com.', 'a.b.example.com', 'example.com', '127.0.0.1', '0x7f.1', '2130706433'],
  ...['[::1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[::ffff:127.0.0.1]', '[0:0::1]', 'bücher.example', '127.1'],
  ...['xn--bcher-kva.example', '[2001:db8::1]', '[::]', '[::ffff:0:1]', 'abc.b.com', '[::1:2]', '0177.0.0.1'],
  ...['[1::2:3:4:5:6:7]', 'a_b.example.com'],
];
const ODD_HOSTS = [
  'a..b',
  'u@h.example',
  'example.com..',
  'xn--',
  '1.2.3.4.5',
  'a b',
  '',
  'u:p@a.example.com',
  '.a.com',
];
const PIECES = [
  ...['/', '/', '/', '/', 'v1', 'a', 'b', 'ab', 'a', 'b', '%2F', '%2f', '%5C', '\\', '..', '.', '%2e%2e', '%2E', ';'],
  ...[';x', '%3B', '%25', '%2541', '%41', '%61', '%', '%zz', '%00', '%0a', '%252f', '%252e%252e', '%C3%A9', 'é', '%ff'],
  ...['%c3', '12', 'deadbeef1', 'x;y', '%20', 'A', '%2561', '%255C', '%C2%85', '%25zz', '%2525', 'abcdefghijklmno1'],
  ...['123e4567-e89b-12d3-a456-426614174000', '%c0%af', '%ed%a0%80', '//', '%2F%2F', '%25252f', '?', 'deadbeef'],
];
const PATHS = ['/', '/v1/a', '/a', '/a/b', '/v1/a/b', '/a/', '/v1/12', '', '/x;y', '/ab', '/b'];
const QUERIES = [
  ...['?q=a', '?q=a&q=b', '?q=%61', '?a+b=1', '?a%20b=1', '?%zz=1', '?q=%ff', '?_method=DELETE', '?_method=', '?Q=a'],
  ...['?q', '?&&q=ab&', '?%C3%A9=a', '?q=a%20b', '?q=a+b', '?_method=get&_method=post', '?q==a', '?_method=%zz'],
  ...['?q=12', '?q=1.0&q=abc', '?q=%F0%9F%98%80', '?q=a%0Ab', '?_method=patch', '?q=a,b', '?é=a', '?q=%C3'],
];
const SCHEMES = ['https://', 'https://', 'https://', 'https://', 'http://', 'wss://', 'HTTPS://', 'http://', 'ws://'];
const ODD_SCHEMES = ['tcp://', 'tool://', '', 'tool://', 'file://', 'ftp://', 'tcp://', 'https:/', 'data:'];
const PORTS = [':443', ':80', ':8080', ':', ':0080', ':443', ':8080', ':99999'];

const segment = (r: Random, text: string): string => {
  if (text === '**') return r.pick(['', 'a', 'a/b', 'v1/12/b']);
  if (text === '*') return r.pick(['a', 'b', '12', '%61']);
  if (text === '{id}') return r.pick(['12', 'deadbeef1', 'abcdefghijklmno1', 'deadbeef', 'ab']);
  const filled = text.replaceAll('*', r.pick(['', 'x', 'a']));
  return r.chance(85) ? filled : filled.replace(/[a-z]/, c => `%${c.charCodeAt(0).toString(16)}`);
};

const label = (r: Random, text: string): string =>
  text === '**' ? r.pick(['x', 'a.b', 'api']) : text.replaceAll('*', r.pick(['a', 'x', 'ap']));

/** A URL that a pattern matches, most of the time. */
function urlFor(r: Random, pattern: string): string {
  if (pattern === '*' || pattern === '**') return anyUrl(r);
  const whole = pattern.startsWith('**/') ? `*/${pattern}` : pattern;
  const [, scheme, authority = '', path = ''] = /^([a-z]+:\/\/)?([^/]*)(?:\/(.*))?$/.exec(whole) ?? [];
  const [, host = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(:.*)?$/.exec(authority) ?? [];
  const name =
    host === '*' || host === '**'
      ? 'api.example.com'
      : host
          .split('.')
          .map(l => label(r, l))
          .join('.');
  const dialled = port === ':*' ? r.pick(['', ':8080', ':1']) : port;
  const tail = path
    .split('/')
    .map(s => segment(r, s))
    .join(r.chance(92) ? '/' : r.pick(['//', '%2F', '/./', '\\', '/x/../']));
  return `${scheme ?? r.pick(['https://', 'https://', 'http://'])}${name}${dialled}/${tail}${queryFor(r, 15)}`;
}

const queryFor = (r: Random, percent: number): string => (r.chance(percent) ? r.pick(QUERIES) : '');

function anyUrl(r: Random): string {
  const scheme = r.pick(r.chance(92) ? SCHEMES : ODD_SCHEMES);
  const host = scheme === 'tool://' ? 'api.example.com' : r.pick(r.chance(95) ? HOSTS : ODD_HOSTS);
  const port = r.chance(12) ? r.pick(PORTS) : '';
  const path = r.chance(40) ? r.pick(PATHS) : `/${r.some(0, 8, () => r.pick(PIECES)).join('')}`;
  return `${scheme}${host}${port}${path}${queryFor(r, 30)}${r.chance(5) ? '#x?y' : ''}`;
}

const TYPES = [
  ...['application/json', 'application/json', 'application/json; charset=utf-8', 'Application/JSON; Charset="UTF-8"'],
  ...['application/json; charset=latin1', 'application/vnd.a+json', 'text/plain', 'text/plain; a="x,y"; charset=utf-8'],
  ...['application/json, application/json', '', 'APPLICATION/X-WWW-FORM-URLENCODED; charset=UTF-8'],
  ...['application/x-www-form-urlencoded;charset=iso-8859-1', 'application/octet-stream'],
];
const LINE_TYPES = ['application/x-ndjson', 'application/x-ndjson; charset=utf-8', 'application/jsonl'];
const VALUES = ['a', 'b', 'a, b', 'a,b', '', 'ab', 'é', ' a ', 'b,a', ',', '12', 'aaa', 'x ab', 'A', 'a b', '1.0'];
const OVERRIDE = ['DELETE', 'get', 'get, DELETE', 'a b', '', 'PATCH,', '*', 'post'];
const HOST_VALUES = [
  ...['api.example.com', 'api.example.com', 'api.example.com', 'API.example.com.', 'api.example.com:443'],
  ...['api.example.com:80', '127.0.0.1', '[::1]', 'x', '', 'example.com', 'a b', 'api.example.com/'],
];

function headers(r: Random): [string, string][] {
  const made: [string, string][] = [];
  if (r.chance(30))
    made.push(...r.some(1, 3, (): [string, string] => [r.pick(['x-a', 'X-A', 'x-b', 'X-b']), r.pick(VALUES)]));
  if (r.chance(4)) made.push([r.pick(['host', 'Host']), r.pick(HOST_VALUES)]);
  if (r.chance(6))
    made.push([r.pick(['X-HTTP-Method-Override', 'x-http-method', 'X-Method-Override']), r.pick(OVERRIDE)]);
  return made;
}

const encoder = new TextEncoder();
const FAST = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const CODECS: readonly (readonly [name: string, encode: (bytes: Uint8Array) => Uint8Array])[] = [
  ['gzip', bytes => gzipSync(bytes, { level: 1 })],
  ['GZIP', bytes => gzipSync(bytes, { level: 1 })],
  ['deflate', bytes => deflateSync(bytes, { level: 1 })],
  ['br', bytes => brotliCompressSync(bytes, FAST)],
  ['deflate', bytes => deflateRawSync(bytes)],
  ['identity', bytes => bytes],
  ['gzip, br', bytes => brotliCompressSync(gzipSync(bytes), FAST)],
  ['zstd', bytes => bytes],
  ['gzip', bytes => bytes],
];

/** The body that will be sent, and the headers that belong to it. */
function bodyFor(r: Random, tests: readonly Doc[]): { body: Uint8Array | null; headers: [string, string][] } {
  const kind = r.below(100);
  if (kind < 18) return { body: null, headers: r.chance(20) ? [['content-type', r.pick(TYPES)]] : [] };
  const out: [string, string][] = [];
  let text: string;
  if (kind < 68) {
    text = jsonFor(r, tests);
    if (r.chance(60)) out.push(['content-type', 'application/json']);
  } else if (kind < 82) {
    text = form(r);
    if (r.chance(90)) out.push(['Content-Type', 'application/x-www-form-urlencoded']);
  } else if (kind < 92 && has('lines')) {
    text = lines(r, tests);
    if (r.chance(60)) out.push(['content-type', r.pick(LINE_TYPES)]);
  } else text = odd(r);
  if (r.chance(out.length === 0 ? 30 : 5)) out.push(['content-type', r.pick(TYPES)]);
  let body: Uint8Array = encoder.encode(text);
  // Broken UTF-8: stray, overlong, a surrogate, cut off.
  if (r.chance(4) && body.length > 2) {
    body = body.slice();
    body.set(r.pick([[0xff], [0xc0, 0xaf], [0xed, 0xa0], [0xc3]]), r.below(body.length - 1));
  }
  if (has('encoding') && r.chance(8)) {
    const [name, encode] = r.pick(CODECS);
    body = encode(body);
    out.push([r.pick(['content-encoding', 'Content-Encoding']), name]);
    if (r.chance(10)) body = r.chance(50) ? body.slice(0, -1) : Uint8Array.from([...body, 0]);
  } else if (r.chance(2)) out.push(['content-encoding', r.pick(has('encoding') ? ['', 'x'] : ['', 'identity', 'x'])]);
  return { body, headers: out };
}

/** A value that a field's test looks at closely. */
function fieldFor(r: Random, test: Doc): string {
  const {
    exact,
    in: list,
    prefix = '',
    suffix = '',
    contains = '',
    regex,
  } = test as Record<string, string | undefined>;
  const found = REGEXES.find(({ pattern }) => pattern === regex);
  if (found !== undefined) return r.pick(found.finds);
  return exact ?? (list === undefined ? `${prefix}${contains}${suffix}` : r.pick(list as unknown as string[]));
}

/** Header lines and a query for a rule that asks for some. */
function fieldsFor(r: Random, keys: Doc): { lines: [string, string][]; query: string } {
  const wanted = (tests: unknown): [string, string][] =>
    listed(tests)
      .filter(() => r.chance(75))
      .map(test => [test.name as string, fieldFor(r, test)]);
  const pairs = wanted(keys.query).map(pair => pair.map(encodeURIComponent).join('='));
  return { lines: wanted(keys.headers), query: pairs.join('&') };
}

/** A rule's matcher keys, wherever they stand. */
const keysOf = (rule: Doc): Doc => ({ ...rule, ...((rule.allow ?? rule.deny ?? rule.limit ?? {}) as Doc) });

const listed = (value: unknown): Doc[] => (value === undefined ? [] : ([value].flat() as Doc[]));

function toolCall(r: Random, keys: Doc): Asked {
  const tests = listed(keys.args);
  if (keys.field !== undefined) tests.push({ jsonpath: keys.field });
  const pattern = r.pick(listed(keys.tool).concat('*' as unknown as Doc)) as unknown as string;
  const aimed = pattern
    .split('/')
    .map(s => decodeURIComponent(segment(r, s)))
    .join('/');
  const tool = r.chance(60) && aimed !== '' ? aimed : r.pick(TOOLS);
  const url = r.chance(70)
    ? null
    : r.pick(['tool://api.example.com/a', 'tool://api.example.com/v1/a%2Fb', 'tool://mcp.a.b/tools/x']);
  return { method: 'POST', url, headers: [], body: null, tool, args: r.chance(20) ? null : jsonFor(r, tests) };
}

function ask(r: Random, rules: readonly Doc[]): Asked {
  const keys = rules.length > 0 && r.chance(75) ? keysOf(r.pick(rules)) : {};
  const isTool = has('tool') && r.chance(keys.tool === undefined && keys.args === undefined ? 5 : 90);
  if (isTool) return toolCall(r, keys);
  const tests = listed(keys.body);
  if (keys.field !== undefined) tests.push({ jsonpath: keys.field });
  const { body, headers: own } = bodyFor(r, tests);
  const fields = fieldsFor(r, keys);
  const start = typeof keys.url === 'string' && r.chance(80) ? urlFor(r, keys.url) : anyUrl(r);
  const url = fields.query === '' ? start : `${start}${start.includes('?') ? '&' : '?'}${fields.query}`;
  const wanted = listed(keys.method) as unknown as string[];
  const method =
    wanted.length > 0 && r.chance(75) ? r.pick(wanted) : r.pick(['GET', 'POST', 'delete', 'PATCH', 'M-SEARCH']);
  return {
    method: r.chance(1) ? r.pick(['G T', '', 'é', '*']) : method,
    url,
    headers: [...headers(r), ...fields.lines, ...own],
    body,
    tool: null,
    args: null,
  };
}

const AGENTS = ['default', 'default', 'bot-1', 'x'];
const LATER = [0, 1, 499, 999, 1000, 1000, 59_999, 60_000, 3_600_000, 43_200_000, 86_399_001, 86_400_000];

/** `count` requests for a policy; repeats make limits count. */
export function requests(r: Random, policy: Doc, count: number): readonly Timed[] {
  const rules = policy.rules as Doc[];
  const made: Timed[] = [];
  while (made.length < count) {
    const again = made.length > 0 && r.chance(30);
    const last = made[made.length - 1]!;
    if (again) made.push({ ...last, later: r.pick([0, 1, 400, 999]) });
    else made.push({ asked: ask(r, rules), agent: r.pick(AGENTS), later: r.pick(LATER) });
  }
  return made;
}
