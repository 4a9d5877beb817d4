/** The shapes of the published documentation load unchanged and mean what stands beside them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckedPolicy, CheckedRule, Matcher } from '#src/core/policy/checked.js';
import { readPolicy } from '#src/core/policy/read.js';

function load(text: string): CheckedPolicy {
  const reading = readPolicy(new TextEncoder().encode(text), 'yaml');
  assert.ok(reading.ok, reading.ok ? '' : JSON.stringify(reading.issues));
  return reading.policy;
}

const NOTHING: Matcher = { methods: null, url: null, query: [], headers: [], body: [], time: null };

function rule(name: string, line: number, effect: CheckedRule['effect'], matcher: Partial<Matcher>): CheckedRule {
  return {
    name,
    effect,
    matcher: { ...NOTHING, ...matcher },
    description: null,
    source: null,
    at: { line, column: 5 },
  };
}

const literal = (text: string) => ({ kind: 'literal', text }) as const;
const decimal = (digits: string, pointExponent: number) => ({ negative: false, digits, pointExponent });

test('contacts, capped charges, no deletes, a limit an endpoint, office hours', () => {
  const policy = load(`agent: crm-agent
default: deny
rules:
  - name: read-contacts
    allow: { method: [GET], url: "api.salesforce.com/*/sobjects/Contact/*" }
  - name: small-charges
    allow: { method: [POST], url: "api.stripe.com/v1/charges" }
    body: { jsonpath: "$.amount", max: 50000 }
  - name: no-deletes
    deny: { method: [DELETE], url: "*" }
  - name: per-endpoint
    limit: { calls_per_minute: 60, per: endpoint }
  - name: office-hours
    deny: { time_outside: "09:00-17:00", timezone: "UTC" }
`);
  const parts = { kind: 'parts', scheme: null, port: null } as const;
  assert.deepEqual(policy, {
    agentLabel: 'crm-agent',
    agents: null,
    defaultResult: 'deny',
    mode: 'enforce',
    version: null,
    rules: [
      rule(
        'read-contacts',
        4,
        { kind: 'allow' },
        {
          methods: ['GET'],
          url: {
            ...parts,
            text: 'api.salesforce.com/*/sobjects/Contact/*',
            host: { kind: 'labels', labels: ['api', 'salesforce', 'com'].map(literal) },
            path: [{ kind: 'one' }, literal('sobjects'), literal('Contact'), { kind: 'one' }],
          },
        },
      ),
      rule(
        'small-charges',
        6,
        { kind: 'allow' },
        {
          methods: ['POST'],
          url: {
            ...parts,
            text: 'api.stripe.com/v1/charges',
            host: { kind: 'labels', labels: ['api', 'stripe', 'com'].map(literal) },
            path: [literal('v1'), literal('charges')],
          },
          body: [{ path: ['amount'], test: { max: decimal('5', 5) } }],
        },
      ),
      rule('no-deletes', 9, { kind: 'deny' }, { methods: ['DELETE'], url: { kind: 'everything', text: '*' } }),
      rule('per-endpoint', 11, { kind: 'limit', calls: 60, windowMs: 60_000, per: 'endpoint', field: null }, {}),
      rule(
        'office-hours',
        13,
        { kind: 'deny' },
        {
          time: {
            windows: [{ kind: 'outside', startMinute: 540, endMinute: 1020, days: 127 }],
            zone: { kind: 'offset', minutes: 0 },
          },
        },
      ),
    ],
  });
});

test('models by the body, and a limit for each', () => {
  const { mode, rules } = load(`default: deny
mode: enforce
rules:
  - name: chat-models
    allow:
      method: [POST]
      url: "api.openai.com/v1/chat/completions"
      body:
        - jsonpath: "$.model"
          in: [gpt-4o, gpt-4o-mini]
  - name: per-model
    limit: { per: body_field, field: "$.model", calls_per_minute: 100 }
`);
  assert.equal(mode, 'enforce');
  const [models, each] = rules;
  const operands = ['gpt-4o', 'gpt-4o-mini'].map(value => ({ type: 'string', value }) as const);
  assert.deepEqual(models?.matcher.body, [{ path: ['model'], test: { in: operands } }]);
  const effect = { kind: 'limit', calls: 100, windowMs: 60_000, per: 'body_field', field: ['model'] } as const;
  assert.deepEqual(each, rule('per-model', 11, effect, {}));
});

test('every GET, and a limit over all', () => {
  const { agentLabel, agents, rules } = load(`agent: any-label
default: deny
rules:
  - name: reads
    allow: { method: ["GET"], url: "*" }
  - name: overall
    limit: { calls_per_minute: 60, per: global }
`);
  assert.equal(agentLabel, 'any-label');
  assert.equal(agents, null);
  assert.deepEqual(rules, [
    rule('reads', 4, { kind: 'allow' }, { methods: ['GET'], url: { kind: 'everything', text: '*' } }),
    rule('overall', 6, { kind: 'limit', calls: 60, windowMs: 60_000, per: 'global', field: null }, {}),
  ]);
});
