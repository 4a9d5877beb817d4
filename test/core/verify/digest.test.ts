/** Promise: the quick look at a line says yes only where the slow one does, and a digest stands for its block. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestBlock, expand } from '#src/core/verify/digest.js';
import { isOrdinary } from '#src/core/verify/ordinary.js';
import { type Line, readRecord } from '#src/core/verify/read-record.js';
import { sha256, sha256Digest, sha256Text } from '#src/crypto/sha256.js';
import { AuditBuilder, testSigner } from '../../support/audit-builder.js';
import { fileOf } from '../../support/verify-bytes.js';

const PORTS = { sha256, sha256Text, sha256Digest };
const origin = 'host/crm-agent/0123456789abcdef';
const log = new AuditBuilder(origin, testSigner('epoch 0')).started().decision('a').decision('b');
log
  .add('outcome', { request_id: 'r', result: 'ok', latency_ms: -3, ok: false })
  .decision('c €')
  .checkpoint()
  .decision('d');
const lines = log.files[0] as string[];

function slow(bytes: Uint8Array): Line[] {
  return Buffer.from(bytes)
    .toString('latin1')
    .split('\n')
    .slice(0, -1)
    .map((line, i) => readRecord(sha256Text, { file: 'f', line: i + 5 }, Buffer.from(line, 'latin1')));
}

function quick(bytes: Uint8Array): Line[] {
  const found: Line[] = [];
  const digest = digestBlock(PORTS, Uint8Array.from(bytes));
  expand(digest, 'f', 5, line => found.push(line));
  return found;
}

/** What chain and evidence ask of a line that says nothing of the log itself. */
const SPEAKS = /^(log_started|segment_opened|segment_closed|key_rotated|checkpoint|recovered)$/;
const asked = (line: Line): unknown =>
  line.kind === 'record' && !SPEAKS.test(line.type) && line.record.sig === undefined
    ? { ...line, record: {}, type: 'decision' }
    : line;
const agree = (bytes: Uint8Array, what: string): void =>
  assert.deepEqual(quick(bytes).map(asked), slow(bytes).map(asked), what);

test('as written, most lines are told from their bytes alone', () => {
  agree(fileOf(lines), 'as written');
  const { whole } = digestBlock(PORTS, fileOf(lines));
  assert.deepEqual(
    whole.map(([i]) => i),
    [0, 5],
    'the first line and the checkpoint are kept',
  );
});

test('every byte changed in eight ways', () => {
  const bytes = fileOf(lines);
  for (let at = 0; at < bytes.length; at++)
    for (let bit = 0; bit < 8; bit++) {
      const altered = Uint8Array.from(bytes);
      altered[at] = (altered[at] as number) ^ (1 << bit);
      agree(altered, `byte ${at} bit ${bit}`);
    }
});

test('spellings that are not canonical, and values that no record has', () => {
  const line = lines[2] as string;
  const follow = (changed: string): Uint8Array => fileOf([lines[0] as string, lines[1] as string, changed]);
  const changes: readonly (readonly [string, string])[] = [
    ['"code"', '"aaaa"'],
    ['"code"', '"agent_id"'],
    ['"enforced":true', '"enforced":null'],
    ['"enforced":true', '"enforced":truer'],
    ['"enforced":true', '"enforced":[]'],
    ['"enforced":true', '"enforced":-0'],
    ['"enforced":true', '"enforced":01'],
    ['"enforced":true', '"enforced":1e3'],
    ['"enforced":true', '"enforced":1.0'],
    ['"enforced":true', '"enforced":-'],
    ['"enforced":true', '"enforced":9007199254740992'],
    ['"enforced":true', '"enforced":9007199254740991'],
    ['"enforced":true', '"enforced":999999999999999'],
    ['"seq":2', '"seq":"2"'],
    ['"seq":2', '"seq":2,"sig":"x"'],
    ['"seq":2', '"seq":02'],
    ['"v":1', '"v":1,"v":1'],
    ['"v":1', '"v":11'],
    [',"v":1', ''],
    ['"v":1}', '"v":1}}'],
    ['"v":1}', '"v":1 }'],
    ['"v":1}', '"v":1,}'],
    ['T00:', 't00:'],
    ['rule_allowed', 'rule\\u0061'],
    ['rule_allowed', 'rule\t'],
    ['rule_allowed', 'x'.repeat(17_000)],
    ['{"', '{"":1,"'],
    ['{"', '{"0":1,"'],
    ['{"', '{"__proto__":1,"'],
  ];
  for (const [from, to] of changes) {
    assert.ok(line.includes(from), from);
    agree(follow(line.replace(from, to)), `${from} → ${to}`);
  }
});

test('a line cut off anywhere is no ordinary one', () => {
  const bytes = fileOf(lines);
  const begin = bytes.indexOf(10) + 1;
  const end = bytes.indexOf(10, begin);
  const due = { log: Buffer.from(origin), seq: 1, prev: JSON.parse(lines[1] as string).prev as string };
  assert.ok(isOrdinary(bytes, begin, end, due));
  for (let cut = begin; cut < end; cut++) {
    assert.ok(!isOrdinary(bytes.slice(0, cut), begin, cut, due));
    assert.ok(!isOrdinary(bytes, begin, cut, due));
  }
});
