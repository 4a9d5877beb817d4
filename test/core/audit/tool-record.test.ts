/** What a decision on a tool call leaves in the log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decisionRecord, type RecordContext } from '#src/core/audit/decision-record.js';
import { systemDenial } from '#src/core/decide/system.js';
import type { ActionRequest, Decision } from '#src/core/decide/types.js';

const CONTEXT: RecordContext = {
  ...{
    requestId: 'r',
    parentRequestId: null,
    agentId: 'a',
    instanceId: 'i',
    sessionId: null,
    traceId: 't',
    spanId: 's',
  },
  ...{ parentSpanId: null, policy: null, urlPath: 'endpoint', decisionNs: 1 },
};
const DENIED: Decision = { ...systemDenial('rule_denied', 'no'), matchedRule: 'd', hint: 'do something else' };
const TOOL: ActionRequest = {
  ...{ tool: 'files/read', method: 'POST', url: 'tool://files/tools/a%2Fb' },
  args: { kind: 'bytes', bytes: new TextEncoder().encode('{"secret":"s3cr3t"}') },
};

test('name, method and synthetic URL; neither arguments nor hint', () => {
  const record = decisionRecord(DENIED, TOOL, CONTEXT);
  const { tool, method, url_scheme, url_host, url_path, span_name } = record;
  assert.deepEqual(
    [tool, method, url_scheme, url_host, url_path, span_name],
    ['files/read', 'POST', 'tool', 'files', '/tools/a%2Fb', 'execute_tool files/read'],
  );
  assert.doesNotMatch(JSON.stringify(record), /s3cr3t|something else|hint/);
  const bare = decisionRecord(DENIED, { ...TOOL, url: null }, CONTEXT);
  assert.deepEqual(
    [bare.url_scheme, bare.url_host, bare.url_path, bare.tool],
    [undefined, undefined, undefined, 'files/read'],
  );
});

test('a name that is no claim is `invalid`, in the span too', () => {
  for (const tool of ['send mail', 'x'.repeat(129), 'größe']) {
    const record = decisionRecord(DENIED, { ...TOOL, tool }, CONTEXT);
    assert.deepEqual([record.tool, record.span_name], ['invalid', 'execute_tool invalid']);
  }
});

test('shadow rules are joined, as many whole names as fit', () => {
  const names = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(100));
  const joined = (shadowRules: readonly string[]) =>
    decisionRecord({ ...DENIED, shadowRules }, TOOL, CONTEXT).shadow_rules;
  assert.equal(joined([]), undefined);
  assert.equal(joined(['a b', 'c']), 'a b,c');
  assert.equal(joined(names), names.slice(0, 5).join(','));
});
