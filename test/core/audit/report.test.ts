// T-62 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIELD_NAMES } from '#src/core/audit/field-names.js';
import { readReport } from '#src/core/audit/report.js';
import { auditText } from '#src/core/audit/text.js';
import type { AgentId } from '#src/core/brand.js';

const OWNER = 'crm' as AgentId;
const INSTANCE = '0123456789abcdef';
const outcome = { type: 'outcome', request_id: 'r', result: 'ok', latency_ms: 3 };
const decision = {
  type: 'decision',
  request_id: 'r',
  agent_id: 'crm',
  instance_id: INSTANCE,
  policy_result: 'allow',
  enforced: true,
  code: 'rule_allowed',
  matched_rule_kind: 'allow',
  trace_id: '0'.repeat(32),
  span_id: '0'.repeat(16),
  span_name: 'GET a',
  decision_ns: 1,
};
const body = (records: readonly unknown[], more: object = {}): string =>
  JSON.stringify({ instance_id: INSTANCE, first: 0, records, ...more });

test('a record is taken with its agent, its instance and the word that it was reported', () => {
  const read = readReport(body([outcome, decision], { first: 7 }), OWNER);
  const by = { agent_id: 'crm', instance_id: INSTANCE, reported: true };
  assert.deepEqual(read, {
    ok: true,
    report: {
      instanceId: INSTANCE,
      first: 7,
      records: [
        { ...outcome, ...by },
        { ...decision, ...by },
      ],
    },
  });
  assert.ok(readReport(body([]), OWNER).ok, 'a question whether records are taken');
});

const sha = 'a'.repeat(64);
const refused: readonly (readonly [what: string, text: string, code: string])[] = [
  ['no JSON', 'x', 'bad_json'],
  ['no object', '[]', 'wrong_type'],
  ['an unknown key', body([], { agent: 'crm' }), 'unknown_key'],
  ['no records', JSON.stringify({ instance_id: INSTANCE, first: 0 }), 'missing_key'],
  ['no list', body([], { records: {} }), 'wrong_type'],
  ['an instance that is none', body([], { instance_id: 'x' }), 'bad_value'],
  ['a number that is none', body([], { first: -1 }), 'wrong_type'],
  ['numbers beyond counting', body([outcome], { first: Number.MAX_SAFE_INTEGER }), 'wrong_type'],
  ['too many', body(Array.from({ length: 257 }, () => outcome)), 'bad_value'],
  ['no record', body([null]), 'wrong_type'],
  ['no type', body([{ ...outcome, type: undefined }]), 'missing_key'],
  ['a type of Object.prototype', body([{ ...outcome, type: 'constructor' }]), 'bad_value'],
  ['a field that the type has not', body([{ ...outcome, url_host: 'a' }]), 'unknown_key'],
  ['its own word on being reported', body([{ ...outcome, reported: false }]), 'unknown_key'],
  ['a number of the log', body([{ ...outcome, seq: 4 }]), 'unknown_key'],
  ['a time of its own', body([{ ...outcome, time: '2020-01-01T00:00:00.000Z' }]), 'unknown_key'],
  ['a signature', body([{ ...outcome, sig: 'x' }]), 'unknown_key'],
  ['a missing field', body([{ ...outcome, request_id: undefined }]), 'missing_key'],
  ['null', body([{ ...outcome, status_code: null }]), 'bad_value'],
  ['a fraction', body([{ ...outcome, latency_ms: 0.5 }]), 'bad_value'],
  ['a result that is none', body([{ ...outcome, result: 'fine' }]), 'bad_value'],
  ['a code that is none', body([{ ...decision, code: 'because' }]), 'bad_value'],
  ['a hash that is none', body([{ type: 'policy_loaded', policy_sha256: `${sha}\n`, path: '/p' }]), 'bad_value'],
  ['a date that is none', body([{ type: 'records_dropped', count: 1, since: 'then' }]), 'bad_value'],
  ['another agent', body([outcome, { ...decision, agent_id: 'billing' }]), 'agent_mismatch'],
  ['another agent’s outcome', body([{ ...outcome, agent_id: 'billing' }]), 'agent_mismatch'],
  ['another instance', body([{ ...decision, instance_id: 'fedcba9876543210' }]), 'bad_value'],
  ['a key twice', body([outcome]).replace('"result":"ok"', '"result":"ok","result":"error"'), 'duplicate_key'],
];
for (const [what, text, code] of refused) {
  test(`refused: ${what}`, () => {
    const read = readReport(text, OWNER);
    assert.equal(read.ok ? null : read.error.code, code, JSON.stringify(read));
  });
}

test('what the log writes as it is given must have a form: nothing can be smuggled in through it', () => {
  let asked = 0;
  for (const [type, names] of Object.entries(FIELD_NAMES)) {
    for (const name of names.filter(n => n !== 'type' && auditText(n, '\n') === '\n')) {
      const read = readReport(body([{ type, [name]: 'x\n' }]), OWNER);
      assert.ok(!read.ok && ['bad_value', 'unknown_key'].includes(read.error.code), `${type}.${name}`);
      asked++;
    }
  }
  assert.ok(asked > 10);
});

const OWN = [
  ...['log_started', 'segment_opened', 'segment_closed', 'segment_removed', 'recovered', 'checkpoint', 'key_rotated'],
  'disk_reserve',
];
test('what a log says of itself cannot be reported, and of everything else each field can', () => {
  for (const type of Object.keys(FIELD_NAMES)) {
    const read = readReport(body([{ type }]), OWNER);
    assert.equal(read.ok, false);
    const own = !read.ok && read.error.message.includes('none that a library reports');
    assert.equal(own, OWN.includes(type), type);
  }
});
