import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EVENTS, eventOf, journalEntry } from '#src/core/events.js';
import { nextStep } from '#src/core/fault.js';
import { tableUnder } from '../support/fenced.js';

test('IDs are IDs, none twice, and the page has the table as it is', () => {
  const ids = Object.values(EVENTS).map(({ messageId }) => messageId);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(
    tableUnder('docs/daemon.md', '### Events'),
    Object.entries(EVENTS).map(([name, { messageId, means }]) => [`\`${name}\``, `\`${messageId}\``, means]),
  );
  assert.ok(readFileSync('docs/daemon.md', 'utf8').includes('logger --journald'));
});

test('records become events; what others handed in does not', () => {
  const kill = { type: 'kill_engaged', source: '/k', scope: 'crm', aborted: 2 } as const;
  assert.deepEqual(eventOf(kill), {
    event: 'kill_engaged',
    level: 'error',
    message: 'a kill switch is engaged: /k',
    facts: { source: '/k', scope: 'crm', agent: 'crm', aborted: 2 },
  });
  assert.equal(eventOf({ ...kill, reported: true }), null);
  const dropped = { type: 'records_dropped', count: 3, since: '2026-01-01T00:00:00.000Z' } as const;
  assert.equal(eventOf(dropped)?.event, 'log_recovered');
  assert.equal(eventOf({ ...dropped, sink: 'telemetry' }), null);
  for (const [action, event] of [
    ['break_glass_begun', 'break_glass_begun'],
    ['break_glass_ended', 'break_glass_ended'],
    ['layer_drop', undefined],
    ['toString', undefined],
  ])
    assert.equal(eventOf({ type: 'operator_action', action: action ?? '' })?.event, event, action);
  for (const [error, step] of [
    ['unknown_key', '`checkrd check /p.yaml` explains it'],
    ['policy_unsigned', '`checkrd check --require-signature /p.yaml` explains it'],
    // What `check` cannot see.
    ['policy_build_failed', nextStep('policy_build_failed')],
    ['toString', '`checkrd check /p.yaml` explains it'],
  ] as const) {
    const { level, message, facts } =
      eventOf({ type: 'policy_rejected', path: '/p.yaml', line: 2, column: 3, error }) ?? {};
    assert.deepEqual({ level, facts }, { level: 'warn', facts: { code: error, path: '/p.yaml', line: 2, column: 3 } });
    assert.equal(message, `the policy was refused: /p.yaml:2:3: ${error} (${step})`);
  }
  for (const type of ['engine_loaded', 'engine_rejected'] as const)
    assert.equal(eventOf({ type, engine_sha256: '0' })?.event, type);
});

test('no value of an entry begins a field of its own', () => {
  const source = `/k\nPRIORITY=0\nMESSAGE_ID=${'0'.repeat(32)}\u0000\r`;
  const said = eventOf({ type: 'kill_engaged', source, scope: 'all' });
  assert.ok(said !== null);
  const lines = journalEntry(said).split('\n');
  assert.deepEqual(
    lines.map(line => line.split('=')[0]),
    [
      ...['MESSAGE_ID', 'PRIORITY', 'SYSLOG_IDENTIFIER', 'MESSAGE', 'CHECKRD_EVENT', 'CHECKRD_SOURCE', 'CHECKRD_SCOPE'],
      '',
    ],
  );
});
