// T-36 of THREAT-MODEL.md.
/** Promise: what is in the file is what the format's text says, checked without our code. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendMany, decision, place } from '../../support/audit-log.js';
import { delaysOf } from '../../support/delays.js';
import { readWhole, typesOf } from '../../support/read-log.js';
import { until } from '../../support/until.js';

test('a new log begins with log_started, chains, and ends with a checkpoint over all lines before it', t => {
  const at = place(t);
  const log = at.open();
  appendMany(log, 37);
  log.append({ type: 'outcome', request_id: 'r-1', result: 'ok', status_code: 200, latency_ms: 12 });
  log.close();
  const records = readWhole(at.path);
  assert.equal(records[0]?.type, 'log_started');
  assert.match(log.origin, /^host\/agent\/[0-9a-f]{16}$/);
  const last = records.at(-1);
  assert.equal(last?.type, 'checkpoint');
  assert.equal(last?.size, records.length - 1);
  assert.equal(log.size, records.length);
  assert.deepEqual(at.problems, []);
});

test('files and folders have the modes of the design, and the anchor is the key of the first record', t => {
  const at = place(t);
  const log = at.open();
  const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  assert.equal(mode(at.path), '640');
  assert.equal(mode(dirname(at.path)), '750');
  assert.equal(mode(`${at.path}.state`), '640');
  const id = log.origin.slice(-16);
  assert.equal(mode(join(at.folder, 'keys', `${id}.0.key`)), '600');
  assert.equal(mode(join(at.folder, 'keys')), '700');
  assert.equal(readFileSync(join(at.folder, 'keys', 'origin.pub'), 'utf8'), `${log.publicKey}\n`);
  assert.equal(readFileSync(join(at.folder, 'keys', `${id}.pub`), 'utf8'), `${log.publicKey}\n`);
  assert.equal(readWhole(at.path)[0]?.public_key, log.publicKey);
});

test('strings that would break a line or forge a claim are made harmless', t => {
  const at = place(t);
  const log = at.open();
  log.append(
    decision(1, {
      url_path: '/a\n"b\\\u0085\ud800',
      agent_id: 'two words',
      trace_id: 'XYZ',
      matched_rule: '€'.repeat(99),
    }),
  );
  log.append(decision(2, { url_path: `/${'x'.repeat(5000)}` }));
  log.close();
  const [, first, second] = readWhole(at.path);
  assert.equal(first?.url_path, '/a%0A"b\\%C2%85\ufffd');
  assert.equal(first?.agent_id, 'invalid');
  assert.equal(first?.trace_id, 'invalid');
  assert.equal(first?.matched_rule, '€'.repeat(42));
  assert.equal(second?.url_path, `/${'x'.repeat(2047)}`);
  assert.match(second?.url_path_sha256 as string, /^[0-9a-f]{64}$/);
});

test('the widest records stay under 16 KiB', t => {
  const at = place(t);
  const log = at.open();
  const wide = '"'.repeat(9000);
  const all = { request_id: wide, parent_request_id: wide, instance_id: wide, matched_rule: wide, policy_agent: wide };
  log.append(decision(1, { ...all, method: wide, url_scheme: wide, url_host: wide, url_path: wide, span_name: wide }));
  log.append({ type: 'kill_engaged', source: wide, scope: wide, reason: wide, file_time: wide });
  log.append({ type: 'policy_rejected', path: wide, error: wide });
  log.close();
  assert.equal(readWhole(at.path).length, 5);
});

test('a fraction or a field that has no name costs no call and does not reach the file', t => {
  const at = place(t);
  const log = at.open();
  const smuggled = {
    type: 'agent_stopped',
    agent_id: 'a',
    instance_id: 'i',
    authorization: 'secret',
    seq: 99,
  } as const;
  log.append(smuggled);
  log.append(decision(1, { decision_ns: 12.5 }));
  log.close();
  const [, stopped, decided] = readWhole(at.path);
  assert.equal(stopped?.authorization, undefined);
  assert.equal(decided?.decision_ns, 13);
});

test('a checkpoint comes within a second, and soon after a denial', async t => {
  const at = place(t);
  const log = at.open();
  const all = () => log.health().checkpointSize === log.size - 1;
  assert.deepEqual(
    delaysOf(t, () => appendMany(log, 3)).filter(ms => ms > 1000),
    [],
  );
  await until('a checkpoint', all);
  const after = typesOf(readWhole(at.path)).filter(type => type === 'checkpoint').length;
  await sleep(1300);
  assert.equal(typesOf(readWhole(at.path)).filter(type => type === 'checkpoint').length, after, 'idle: none');
  const denied = () => log.append(decision(4, { policy_result: 'deny', code: 'rule_denied' }));
  assert.ok(Math.min(...delaysOf(t, denied)) <= 100);
  await until('another', all);
});

test('1,024 records bring a checkpoint without waiting for the second', async t => {
  const at = place(t);
  const log = at.open();
  assert.equal(Math.min(...delaysOf(t, () => appendMany(log, 1100))), 0);
  await until('a checkpoint', () => log.health().checkpointSize >= 1024);
});

test('append after close is refused with audit_unavailable, and close twice is close once', t => {
  const at = place(t);
  const log = at.open();
  log.close();
  log.close();
  assert.throws(() => log.append(decision(1)), { code: 'audit_unavailable' });
  readWhole(at.path);
});
