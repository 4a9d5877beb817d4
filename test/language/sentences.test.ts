/** Sentences of §1 to §3.3, §3.5 and §3.6 of the language that random cases seldom reach, one test each. */
import { raw } from '../support/oracle/pools.js';
import {
  ALLOWED,
  type Ask,
  allow,
  DENIED,
  deny,
  form,
  hold,
  INVALID,
  LIMITED,
  limit,
  NO,
  PASS,
  rules,
  U,
  UNSURE,
} from '../support/oracle/sentences.js';

const at = (url: string): Ask => ({ url });
const override = (value: string): Ask => ({ method: 'POST', url: U, headers: [['x-http-method-override', value]] });
const head = (...headers: readonly (readonly [string, string])[]): Ask => ({ url: U, headers });
const long = (n: number): string => `${U}${'s/'.repeat(n)}x`;

hold('§1', [
  {
    says: 'an empty matcher matches everything, a tool call too',
    policy: deny({}),
    cases: [
      [at(U), DENIED],
      [{ method: 'CONNECT', url: 'tcp://db.example:5432/' }, DENIED],
    ],
  },
  {
    says: 'a limit goes with deny in what counts as a reading',
    policy: limit({ calls_per_hour: 1, per: 'global', url: 'a.example/b', body: { jsonpath: '$.a', exact: 'x' } }),
    cases: [
      [{ url: 'https://a.example/b', body: '{"a":1' }, PASS],
      [{ url: 'https://a.example//b', body: '{"a":"x"}' }, LIMITED],
      [{ url: 'https://a.example/b', body: '{"a":"y"}' }, PASS],
    ],
  },
  {
    says: '… except for ports: a limit counts the usual one, of any host every one',
    policy: {
      default: 'allow',
      rules: [
        { name: 'r', limit: { calls_per_hour: 1, per: 'global', url: 'a.example' } },
        { name: 's', limit: { calls_per_hour: 1, per: 'global', url: '*/any' } },
      ],
    },
    cases: [
      [at('https://a.example:8443/'), PASS],
      [at('http://a.example:443/'), PASS],
      [at('https://a.example:443/'), PASS],
      [at('http://a.example/'), LIMITED],
      [at('https://a.example:8443/'), PASS],
      [at('https://a.example:8443/any'), PASS],
      [at('https://b.example:81/any'), 'rate_limited s'],
    ],
  },
  {
    says: 'AND is the minimum: what is out is out, whatever else cannot be judged',
    policy: deny({ method: 'PUT', body: { jsonpath: '$.a', exact: 'x' } }),
    cases: [
      [{ method: 'PUT', url: U, body: '{' }, UNSURE],
      [{ method: 'POST', url: U, body: '{' }, PASS],
      [{ method: 'PUT', url: U, body: '{}' }, PASS],
      [{ ...(override('a b') as object), body: '{"a":"y"}' }, PASS],
      [{ ...(override('a b') as object), body: '{"a":"x"}' }, UNSURE],
    ],
  },
]);

hold('§2', [
  {
    says: 'agents are globs in which case counts and nothing but * is special',
    policy: { ...deny({}), default: 'allow', agents: ['bot-*', 'a.b', 'x[1]'] },
    cases: [
      [{ url: U, agent: 'bot-' }, DENIED],
      [{ url: U, agent: 'Bot-1' }, 'no_policy_for_agent'],
      [{ url: U, agent: 'a.b' }, DENIED],
      [{ url: U, agent: 'axb' }, 'no_policy_for_agent'],
      [{ url: U, agent: 'x1' }, 'no_policy_for_agent'],
    ],
  },
  {
    says: 'a matcher key may stand beside the effect',
    policy: rules({ name: 'r', allow: { url: 'a.example' }, body: { jsonpath: '$.a', max: raw('5') }, method: 'post' }),
    cases: [
      [{ method: 'POST', url: U, body: '{"a":5}' }, ALLOWED],
      [{ method: 'POST', url: U, body: '{"a":6}' }, NO],
      [{ method: 'GET', url: U, body: '{"a":5}' }, NO],
    ],
  },
  {
    says: 'a shadow rule is recorded and never decides',
    needs: 'shadow',
    policy: {
      default: 'allow',
      rules: [
        { name: 's', deny: { url: '*' }, mode: 'dry_run' },
        { name: 't', allow: { url: 'b.example' }, mode: 'dry_run' },
        { name: 'u', limit: { calls_per_hour: 1, per: 'global' }, mode: 'dry_run' },
      ],
    },
    cases: [
      [at(U), 'default_allowed +s'],
      [at('https://b.example/'), 'default_allowed +s,t,u'],
    ],
  },
]);

hold('§3.1', [
  {
    says: 'each comma-separated member of an override is a reading',
    policy: deny({ method: 'DELETE' }),
    cases: [
      [override('put, delete'), DENIED],
      [override('PUT'), PASS],
      [override('a b'), UNSURE],
      [override(''), UNSURE],
      [form('_method=delete'), DENIED],
      [form('_method=%zz'), UNSURE],
      [at(`${U}?_method=Delete`), DENIED],
      [at(`${U}?_METHOD=delete`), PASS],
      [at(`${U}?_method=put&_method=delete`), DENIED],
      [at(`${U}?_method`), UNSURE],
      [at(`${U}?%zz`), UNSURE],
    ],
  },
  {
    says: 'an allow needs every reading',
    policy: allow({ method: ['POST', 'PUT'] }),
    cases: [
      [override('put'), ALLOWED],
      [override('put, get'), NO],
      [override('?'), NO],
    ],
  },
  {
    says: '"*" is any method that can be read',
    policy: deny({ method: '*' }),
    cases: [
      [{ method: 'X-Y.Z', url: U }, DENIED],
      [override('a b'), DENIED],
    ],
  },
]);

hold('§3.2', [
  {
    says: '**/ at the start means any host and any leading segments',
    policy: deny({ url: '**/admin' }),
    cases: [
      [at('https://x.y.example/admin'), DENIED],
      [at('https://x.example/a/b/admin/'), DENIED],
      [at('https://x.example:8443/admin'), DENIED],
      [at('https://x.example/admin/b'), PASS],
    ],
  },
  {
    says: '** alone is everything, whatever the scheme',
    policy: deny({ url: '**' }),
    cases: [
      [{ method: 'CONNECT', url: 'tcp://a.example:1/' }, DENIED],
      [at('wss://a.example/x'), DENIED],
    ],
  },
  {
    says: 'without a scheme a pattern does not match raw sockets',
    policy: deny({ url: 'a.example/**' }),
    cases: [
      [{ method: 'CONNECT', url: 'tcp://a.example:1/' }, PASS],
      [at('ws://a.example/x'), DENIED],
    ],
  },
  {
    says: 'tcp has no default port',
    policy: rules(
      { name: 'r', allow: { url: 'tcp://a.example/**' } },
      { name: 's', allow: { url: 'tcp://b.example:5432/**' } },
    ),
    cases: [
      [{ method: 'CONNECT', url: 'tcp://a.example:1/' }, NO],
      [{ method: 'CONNECT', url: 'tcp://b.example:5432/' }, 'rule_allowed s'],
    ],
  },
  {
    says: 'addresses have one spelling, and mapped ones also that of IPv4',
    policy: deny({ url: '127.0.0.1/**' }),
    cases: [
      ...['127.1', '0x7f000001', '2130706433', '0177.0.0.1', '127.0.0.1.', '[::ffff:127.0.0.1]', '[::7f00:1]'].map(
        host => [at(`http://${host}/x`), DENIED] as const,
      ),
      [at('http://[::1]/x'), PASS],
    ],
  },
  {
    says: 'an absent port is every port in a deny, the usual one in an allow',
    policy: rules(
      { name: 'r', allow: { url: 'a.example/**' } },
      { name: 's', allow: { url: '*/only' } },
      { name: 'd', deny: { url: 'bad.example/**' } },
    ),
    cases: [
      [at('https://a.example:443/'), ALLOWED],
      [at('http://a.example/'), ALLOWED],
      [at('http://a.example:443/'), NO],
      [at('https://x.example:8443/only'), 'rule_allowed s'],
      [at('https://bad.example:1/'), 'rule_denied d'],
    ],
  },
  {
    says: 'a pattern without a path matches only the root path, in every reading of it',
    policy: rules({ name: 'r', allow: { url: 'a.example' } }, { name: 'd', deny: { url: 'b.example' } }),
    cases: [
      [at('https://a.example?q'), ALLOWED],
      [at('https://a.example//'), NO],
      [at('https://a.example/;x'), NO],
      [at('https://b.example//'), 'rule_denied d'],
      [at('https://b.example/;x'), 'rule_denied d'],
      [at('https://b.example/%2f'), 'rule_denied d'],
      [at('https://b.example/x'), NO],
    ],
  },
  {
    says: '{id} is one id-like segment',
    policy: deny({ url: 'a.example/u/{id}' }),
    cases: [
      ...['7', '123e4567-E89B-12d3-a456-426614174000', 'deadbee1', 'abcdefghijklmno1', '%37'].map(
        id => [at(`${U}u/${id}`), DENIED] as const,
      ),
      ...['deadbeef', 'dead1', 'abcdefghijklmnop', 'abcdefghijklmn1', '-7'].map(
        id => [at(`${U}u/${id}`), PASS] as const,
      ),
    ],
  },
  {
    says: 'readings (a) to (d) of a path',
    policy: deny({ url: 'a.example/x/secret' }),
    cases: [
      ...[
        'x%2Fsecret',
        'x//secret',
        'x%5csecret',
        'x%252Fsecret',
        'x;v=1/secret;y',
        'x/y/%2e%2e/secret',
        'x/se%63ret/',
      ].map(path => [at(U + path), DENIED] as const),
      [at(`${U}x/secret%zz`), UNSURE],
      [at(`${U}x/%ff`), UNSURE],
      [at(`${U}x/%00`), UNSURE],
      [at(`${U}x/%25zz`), PASS],
      [at(`${U}x%25252Fsecret`), PASS],
      [at(`${U}x/Secret`), PASS],
    ],
  },
  {
    says: 'a path that cannot be judged still matches /**',
    policy: allow({ url: 'a.example/**' }),
    cases: [[at(`${U}%ff`), ALLOWED]],
  },
  {
    says: 'what cannot be judged as a request is denied in every mode',
    policy: { ...allow({}), mode: 'dry_run' },
    cases: [
      [at('/relative'), INVALID],
      [at('ftp://a.example/'), INVALID],
      [at('https://u@a.example/'), INVALID],
      [at('https://a..example/'), INVALID],
      [{ url: U, headers: [['HOST', 'b.example']] }, INVALID],
      [{ url: U, headers: [['Host', 'a.example:444']] }, INVALID],
      [{ url: U, headers: [['Host', 'A.example.:443']] }, ALLOWED],
      [at(long(255)), ALLOWED],
      [at(long(256)), INVALID],
      [at(`${U}?${'q'.repeat(16 * 1024 - U.length - 1)}`), ALLOWED],
      [at(`${U}?${'q'.repeat(16 * 1024 - U.length)}`), INVALID],
    ],
  },
]);

hold('§3.3', [
  {
    says: 'in a deny a header is its joined value, each line and each member',
    policy: deny({ headers: [{ name: 'X-A', exact: 'b' }] }),
    cases: [
      [head(['x-a', 'a, b']), DENIED],
      [head(['x-a', 'a'], ['X-A', 'b']), DENIED],
      [head(['x-a', 'a;b']), PASS],
      [head(['x-a', ' a ,b\t']), DENIED],
    ],
  },
  {
    says: 'in an allow a header is its joined value and each line',
    policy: allow({ headers: [{ name: 'x-a', prefix: 'a' }] }),
    cases: [
      [head(['X-A', 'a, b']), ALLOWED],
      [head(['X-A', 'a'], ['x-a', 'ab']), ALLOWED],
      [head(['X-A', 'a'], ['x-a', 'b']), NO],
    ],
  },
  {
    says: 'every value of a repeated query name is a reading; names keep their case',
    policy: deny({ query: [{ name: 'q', in: ['x', ''] }] }),
    cases: [
      [at(`${U}?q=a&q=x`), DENIED],
      [at(`${U}?q`), DENIED],
      [at(`${U}?Q=x`), PASS],
      [at(`${U}?q=%ff`), UNSURE],
    ],
  },
  {
    says: 'an absent name is FALSE, but for present: false',
    policy: {
      default: 'allow',
      rules: [
        { name: 'n', deny: { url: 'a.example/n', query: [{ name: 'q', present: false }] } },
        { name: 'r', deny: { url: 'a.example', headers: [{ name: 'x', contains: 'a' }] } },
      ],
    },
    cases: [
      [at(`${U}n`), 'rule_denied n'],
      [at(`${U}n?q`), PASS],
      [at(U), PASS],
    ],
  },
]);

hold('§3.5', [
  {
    says: 'start inclusive, end exclusive, 24:00 allowed',
    at: '2026-01-07T16:59:00Z',
    policy: deny({ time_within: '17:00-24:00' }),
    cases: [
      [at(U), PASS],
      [{ url: U, later: 60_000 }, DENIED],
      [{ url: U, later: 7 * 3_600_000 - 1 }, DENIED],
      [{ url: U, later: 1 }, PASS],
    ],
  },
  {
    says: 'in a window across midnight the day is that of its start',
    needs: 'days',
    at: '2026-01-09T22:30:00Z',
    policy: deny({ time_within: '22:00-06:00', days: ['fri'] }),
    cases: [
      [at(U), DENIED],
      [{ url: U, later: 7 * 3_600_000 }, DENIED],
      [{ url: U, later: 1_800_000 }, PASS],
      [{ url: U, later: 16.5 * 3_600_000 }, PASS],
    ],
  },
  {
    says: 'time_outside is TRUE at every other moment, other days included',
    needs: 'days',
    at: '2026-01-09T16:59:00Z',
    policy: deny({ time_outside: '09:00-17:00', days: ['mon-fri'] }),
    cases: [
      [at(U), PASS],
      [{ url: U, later: 60_000 }, DENIED],
      [{ url: U, later: 20 * 3_600_000 }, DENIED],
      [{ url: U, later: 44 * 3_600_000 }, PASS],
    ],
  },
  {
    says: 'time_outside of a window across midnight is TRUE in the same window of another day',
    needs: 'days',
    at: '2026-01-09T05:59:00Z',
    policy: deny({ time_outside: '22:00-06:00', days: ['fri'] }),
    cases: [
      [at(U), DENIED],
      [{ url: U, later: 17 * 3_600_000 }, PASS],
      [{ url: U, later: 7 * 3_600_000 }, PASS],
      [{ url: U, later: 60_000 }, DENIED],
      [{ url: U, later: 17 * 3_600_000 }, DENIED],
    ],
  },
  {
    says: 'days alone are whole local days',
    needs: 'days',
    at: '2026-01-09T22:59:00Z',
    policy: deny({ days: ['sat-sun'], timezone: 'Europe/Berlin' }),
    cases: [
      [at(U), PASS],
      [{ url: U, later: 60_000 }, DENIED],
      [{ url: U, later: 48 * 3_600_000 }, PASS],
    ],
  },
]);

const call = (tool: string, args?: string): Ask => (args === undefined ? { tool } : { tool, args });

hold('§3.6', [
  {
    says: 'names of tools are globs as in paths, and never match HTTP',
    needs: 'tool',
    policy: deny({ tool: ['read_*', 'github/**', 'x/{id}'] }),
    cases: [
      [call('read_file'), DENIED],
      [call('Read_file'), PASS],
      [call('github'), DENIED],
      [call('github/a/b'), DENIED],
      [call('x/12'), DENIED],
      [call('x/y'), PASS],
      [at('https://a.example/read_file'), PASS],
    ],
  },
  {
    says: 'a matcher with an http pattern never matches a tool call; * does',
    needs: 'tool',
    policy: rules({ name: 'h', deny: { url: 'https://**/**' } }, { name: 'r', allow: { url: '*' } }),
    cases: [
      [call('a'), ALLOWED],
      [{ tool: 'a', url: 'tool://a.example/x' }, ALLOWED],
      [{ tool: 'a', url: 'https://a.example/x' }, INVALID],
    ],
  },
  {
    says: 'a tool is called with POST',
    needs: 'tool',
    policy: rules({ name: 'r', deny: { method: ['POST'] } }, { name: 's', allow: { url: '*' } }),
    cases: [
      [call('a'), DENIED],
      [{ tool: 'a', url: 'tool://a.example/x' }, DENIED],
      [at(U), 'rule_allowed s'],
    ],
  },
  {
    says: 'args is body for the arguments',
    needs: 'tool',
    policy: allow({ tool: 'pay', args: [{ jsonpath: '$.amount', max: raw('5') }] }),
    cases: [
      [call('pay', '{"amount":5.0}'), ALLOWED],
      [call('pay', '{"amount":6}'), NO],
      [call('pay', '{"amount":1,"amount":6}'), NO],
      [call('pay'), NO],
      [{ url: U, body: '{"amount":5}' }, NO],
    ],
  },
  {
    says: 'a segment of a synthetic URL has no further reading',
    needs: 'tool',
    policy: deny({ url: 'tool://mcp.a.b/tools/*' }),
    cases: [
      [{ tool: 'x', url: 'tool://mcp.a.b/tools/a%2Fb' }, DENIED],
      [{ tool: 'x', url: 'tool://mcp.a.b/tools/a/b' }, PASS],
      [{ tool: 'x', url: 'tool://mcp.a.b/tools//a' }, PASS],
    ],
  },
]);
