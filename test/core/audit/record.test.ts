/** Promise: the hand-written lines are the canonical lines, and no field outside the allowlist reaches one. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseLine } from '#src/core/audit/canonical.js';
import { FIELD_NAMES } from '#src/core/audit/field-names.js';
import type { DecisionFields, OutcomeFields } from '#src/core/audit/fields.js';
import { type Place, recordLine, recordLineByTable } from '#src/core/audit/record.js';
import { AUDIT_LINE_MAX_BYTES } from '#src/core/limits.js';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const place: Place = { log: 'h/a/0123456789abcdef', seq: 7, prev: 'a'.repeat(64), time: '2026-01-07T12:00:00.000Z' };

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('', '"', '\\', '\u007f', '\u0085', '\ud800', 'a\udc00', '\u2028', '€'.repeat(200), 'x'.repeat(3000)),
  fc.string({ unit: fc.constantFrom('a', '"', '\n', 'é', '😀', '\ud83d'), maxLength: 2100 }),
);
const hex = (n: number) => fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: n, maxLength: n });
const anyNumber = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double(), fc.constantFrom(-0, 1e300, Number.NaN));

const decisions = fc.record(
  {
    type: fc.constant('decision' as const),
    request_id: anyText,
    parent_request_id: anyText,
    agent_id: fc.oneof(anyText, fc.constant('agent-1')),
    instance_id: anyText,
    policy_result: fc.constantFrom('allow', 'deny'),
    enforced: fc.boolean(),
    code: fc.constantFrom('rule_allowed', 'rule_denied'),
    matched_rule: anyText,
    matched_rule_kind: fc.constantFrom('allow', 'default'),
    policy_layer: anyText,
    shadow_rules: anyText,
    uncertain: fc.boolean(),
    policy_mode: fc.constantFrom('enforce', 'dry_run'),
    policy_sha256: hex(64),
    policy_agent: anyText,
    method: anyText,
    url_scheme: anyText,
    url_host: anyText,
    url_path: anyText,
    url_path_sha256: hex(64),
    tool: fc.oneof(anyText, fc.constant('github/read_file')),
    session_id: fc.oneof(anyText, fc.constant('s:1/2@3')),
    trace_id: fc.oneof(anyText, hex(32)),
    span_id: fc.oneof(anyText, hex(16)),
    parent_span_id: fc.oneof(anyText, hex(16)),
    span_name: anyText,
    decision_ns: anyNumber,
    reported: fc.boolean(),
  },
  {
    requiredKeys: [
      ...(['type', 'request_id', 'agent_id', 'instance_id', 'policy_result', 'enforced', 'code'] as const),
      ...(['matched_rule_kind', 'trace_id', 'span_id', 'span_name', 'decision_ns'] as const),
    ],
  },
) as fc.Arbitrary<DecisionFields>;

const outcomes = fc.record(
  {
    type: fc.constant('outcome' as const),
    request_id: anyText,
    result: fc.constantFrom('ok', 'killed'),
    status_code: anyNumber,
    latency_ms: anyNumber,
    request_bytes: anyNumber,
    response_bytes: anyNumber,
    model: fc.oneof(anyText, fc.constant('gpt-x')),
    input_tokens: anyNumber,
    output_tokens: anyNumber,
    cost_microusd: anyNumber,
    agent_id: fc.oneof(anyText, fc.constant('agent-1')),
    instance_id: anyText,
    reported: fc.boolean(),
  },
  { requiredKeys: ['type', 'request_id', 'result', 'latency_ms'] },
) as fc.Arbitrary<OutcomeFields>;

test('hand-written lines equal the canonical form, parse back, and stay within the bound', () => {
  fc.assert(
    fc.property(fc.oneof(decisions, outcomes), record => {
      const line = recordLine(sha, place, record);
      assert.equal(line, recordLineByTable(sha, place, record));
      assert.ok(parseLine(line).ok);
      assert.ok(Buffer.byteLength(line) <= AUDIT_LINE_MAX_BYTES);
    }),
    { numRuns: 1500 },
  );
});

test('every field of a decision and an outcome is in its hand-written line', () => {
  const sample = (type: 'decision' | 'outcome') =>
    Object.fromEntries(FIELD_NAMES[type].map(name => [name, /_ns|_ms|_bytes|tokens|cost|status/.test(name) ? 1 : 'x']));
  for (const type of ['decision', 'outcome'] as const) {
    const given = { ...sample(type), type, enforced: true, uncertain: true, reported: true, secret: 'x', v: 9, seq: 9 };
    const parsed = parseLine(recordLine(sha, place, given as unknown as DecisionFields));
    assert.ok(parsed.ok);
    const ours = ['log', 'prev', 'seq', 'time', 'v'];
    assert.deepEqual(Object.keys(parsed.record).sort(), [...FIELD_NAMES[type], ...ours].sort());
    assert.deepEqual([parsed.record.v, parsed.record.seq], [1, 7]);
  }
});

test('a path of exactly 2,048 bytes is whole; one more and its digest stands beside it', () => {
  const base = { type: 'decision', request_id: 'r', agent_id: 'a', instance_id: 'i', code: 'rule_allowed' } as const;
  const rest = { policy_result: 'allow', enforced: true, matched_rule_kind: 'allow', decision_ns: 1 } as const;
  const trace = { trace_id: 'b'.repeat(32), span_id: 'c'.repeat(16), span_name: 's' };
  const line = (url_path: string) => recordLine(sha, place, { ...base, ...rest, ...trace, url_path });
  assert.doesNotMatch(line('x'.repeat(2048)), /url_path_sha256/);
  assert.match(line('x'.repeat(2049)), new RegExp(`"url_path_sha256":"${sha('x'.repeat(2049))}"`));
  assert.match(line('€'.repeat(700)), /url_path_sha256/);
});
