/** Sentences of §5 and §6 of the language that random cases seldom reach, one test each. */
import { raw } from '../support/oracle/pools.js';
import { ALLOWED, type Ask, hold, json, LIMITED, limit, NO, PASS, rules, U } from '../support/oracle/sentences.js';

const at = (url: string): Ask => ({ url });

const LONG = `{"a":"${'x'.repeat(30)}"}`;

const many = (n: number, ask: (i: number) => Ask, answer: string): (readonly [Ask, string])[] =>
  Array.from({ length: n }, (_, i) => [ask(i), answer] as const);
const model = (name: string): Ask => json(`{"m":${name}}`);
const FIELD = { calls_per_hour: 1, per: 'body_field', field: '$.m' };

hold('§5', [
  {
    says: 'at most N in any window; a refused call is not charged',
    policy: limit({ calls_per_second: 2, per: 'global' }),
    cases: [
      [at(U), PASS],
      [{ url: U, later: 600 }, PASS],
      [{ url: U, later: 399 }, LIMITED],
      [{ url: U, later: 1 }, PASS],
      [{ url: U, later: 599 }, LIMITED],
      [{ url: U, later: 1 }, PASS],
    ],
  },
  {
    says: 'a day counts in seconds, against the caller',
    at: '2026-01-07T12:00:00.001Z',
    policy: limit({ calls_per_day: 1, per: 'global' }),
    cases: [
      [at(U), PASS],
      [{ url: U, later: 86_400_000 }, LIMITED],
      [{ url: U, later: 998 }, LIMITED],
      [{ url: U, later: 1 }, PASS],
    ],
  },
  {
    says: 'a limit sees only calls that everything else lets through',
    policy: rules(
      { name: 'd', deny: { method: 'DELETE' } },
      { name: 'r', limit: { calls_per_hour: 1, per: 'global' } },
      { name: 'a', allow: { url: 'a.example' } },
    ),
    cases: [
      [{ method: 'DELETE', url: U }, 'rule_denied d'],
      [at('https://other.example/'), NO],
      [at(U), 'rule_allowed a'],
      [at(U), LIMITED],
    ],
  },
  {
    says: 'only if all limits pass is each charged; the first failing is named, the wait is the longest',
    policy: {
      default: 'allow',
      rules: [
        { name: 'x', limit: { calls_per_minute: 2, per: 'global' } },
        { name: 'r', limit: { calls_per_hour: 1, per: 'host' } },
      ],
    },
    cases: [
      [at(U), PASS],
      [at(U), LIMITED],
      [at(U), LIMITED],
      [at('https://b.example/'), PASS],
      [at(U), 'rate_limited x'],
      [at('https://c.example/'), 'rate_limited x'],
    ],
  },
  {
    says: 'endpoints fold id-like segments of reading (b)',
    policy: limit({ calls_per_hour: 1, per: 'endpoint' }),
    cases: [
      [at(`${U}u/1`), PASS],
      [at(`${U}u//2/`), LIMITED],
      [at(`${U}u%2Fdeadbee1`), LIMITED],
      [at(`${U}u/a`), PASS],
      [at(`${U}u;x/a`), PASS],
    ],
  },
  {
    says: 'keys of a field are typed, numbers normalised; missing, unreadable and ambiguous share one',
    policy: limit(FIELD),
    cases: [
      [model('1'), PASS],
      [model('1.0'), LIMITED],
      [model('"1"'), PASS],
      [model('true'), PASS],
      [model('"true"'), PASS],
      [model('null'), PASS],
      [model('{}'), PASS],
      [json('{}'), LIMITED],
      [json('{"m":2,"m":3}'), LIMITED],
      [json('{'), LIMITED],
      [at(U), LIMITED],
      [model(`"${'x'.repeat(300)}"`), PASS],
      [model(`"${'x'.repeat(300)}y"`), PASS],
      [model(`"${'x'.repeat(300)}"`), LIMITED],
    ],
  },
  {
    says: 'at most 10,000 live keys a rule',
    policy: limit({ calls_per_minute: 1, per: 'body_field', field: '$.m' }),
    cases: [
      ...many(10_000, i => model(String(i)), PASS),
      [model('10000'), 'limit_keys_exhausted r'],
      [model('5'), LIMITED],
      [{ ...(model('10000') as object), later: 60_000 }, PASS],
    ],
  },
]);

hold('§6', [
  {
    says: 'a body over the limit that some rule may look into',
    options: { inspectBytes: 20 },
    policy: rules(
      { name: 'd', deny: { method: 'POST', url: 'a.example', body: { jsonpath: '$.a' } } },
      { name: 'r', allow: { url: '*' } },
    ),
    cases: [
      [{ method: 'POST', url: U, body: `{"a":"${'x'.repeat(15)}"}` }, 'body_too_large'],
      [{ method: 'GET', url: U, body: `{"a":"${'x'.repeat(15)}"}` }, ALLOWED],
      [{ method: 'POST', url: U, body: `{"b":"${'x'.repeat(12)}"}` }, ALLOWED],
      [
        {
          method: 'PUT',
          url: U,
          headers: [['content-type', 'application/x-www-form-urlencoded']],
          body: 'x'.repeat(21),
        },
        'body_too_large',
      ],
    ],
  },
  {
    says: 'each step comes before the next',
    options: { inspectBytes: 20 },
    policy: {
      default: 'allow',
      agents: ['a'],
      rules: [
        { name: 'r', limit: { calls_per_hour: 1, per: 'global' } },
        { name: 'b', deny: { url: 'a.example/x', body: { jsonpath: '$.a' } } },
        { name: 'd', deny: { url: 'a.example/**', method: 'PUT' } },
      ],
    },
    cases: [
      [{ url: '/x', agent: 'b', body: LONG }, 'request_invalid'],
      [{ method: 'PUT', url: `${U}x`, agent: 'b', body: LONG }, 'no_policy_for_agent'],
      [{ method: 'PUT', url: `${U}x`, agent: 'a', body: LONG }, 'body_too_large'],
      [{ method: 'PUT', url: `${U}y`, agent: 'a', body: LONG }, 'rule_denied d'],
      [{ url: `${U}y`, agent: 'a', body: LONG }, PASS],
      [{ url: `${U}y`, agent: 'a', body: LONG }, LIMITED],
      [{ method: 'PUT', url: `${U}y`, agent: 'a' }, 'rule_denied d'],
    ],
  },
  {
    says: 'in dry_run limits keep shadow counters: what would be refused is not charged',
    policy: { mode: 'dry_run', ...limit({ calls_per_second: 2, per: 'global' }) },
    cases: [
      [at(U), PASS],
      [{ url: U, later: 600 }, PASS],
      [{ url: U, later: 399 }, LIMITED],
      [{ url: U, later: 1 }, PASS],
    ],
  },
  {
    says: 'permissive: such a matcher is FALSE in a deny, UNKNOWN elsewhere, and the record says uncertain',
    options: { inspectBytes: 20, permissive: true },
    policy: {
      default: 'allow',
      rules: [
        { name: 'd', deny: { url: 'a.example', body: { jsonpath: '$.a' } } },
        { name: 'r', allow: { url: 'a.example', body: { jsonpath: '$.b' } } },
      ],
    },
    cases: [[{ url: U, body: `{"a":1,"b":"${'x'.repeat(20)}"}` }, 'default_allowed ?']],
  },
  {
    says: 'of those that fired TRUE comes before UNKNOWN, then the most specific, then file order',
    policy: {
      default: 'allow',
      rules: [
        { name: 'unsure', deny: { url: 'a.example/x/y/z', body: { jsonpath: '$.a', min: raw('1') } } },
        { name: 'wide', deny: { url: '*.example/x/**', method: 'PUT' } },
        { name: 'first', deny: { url: 'a.example/x/**', method: 'PUT' } },
        { name: 'second', deny: { url: 'https://a.example:*/x/**', method: 'PUT' } },
        { name: 'address', deny: { url: '127.0.0.1/x' } },
        { name: 'labels', deny: { url: '*/x/**' } },
      ],
    },
    cases: [
      [{ method: 'PUT', url: `${U}x/y/z`, body: '{' }, 'rule_denied first'],
      [at('http://127.0.0.1/x'), 'rule_denied address'],
      [{ method: 'PUT', url: 'https://b.example/x' }, 'rule_denied wide'],
    ],
  },
  {
    says: 'a limit whose field nobody can read uses the shared key, and does not look into the body',
    options: { inspectBytes: 20 },
    policy: limit(FIELD),
    cases: [
      [json(`{"m":"${'x'.repeat(30)}"}`), PASS],
      [json(`{"m":"${'y'.repeat(30)}"}`), LIMITED],
    ],
  },
]);
