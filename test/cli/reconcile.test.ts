/** Promise: whatever a shipper adds is taken off, and what it lost, changed or made up is named. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Misuse } from '#src/cli/args.js';
import { reconcile } from '#src/cli/reconcile.js';
import { verify } from '#src/cli/verify.js';
import { toBase64 } from '#src/core/bytes.js';
import type { Reconciled } from '#src/core/verify/reconcile.js';
import { SHIPPERS } from '#src/core/verify/shipped.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { runCommand } from '../support/cli-command.js';
import { SHAPES } from '../support/shipped-copies.js';
import { fileOf } from '../support/verify-bytes.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-reconcile-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
const put = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const signer = testSigner('epoch 0');
const key = toBase64(signer.publicKey);
const log = new AuditBuilder('host/crm-agent/0123456789abcdef', signer).started().decision('a').decision('"{ü€\\');
log.checkpoint().turn().decision('c').decision('d').checkpoint();
const lines = log.files.flat();
const sources = log.files.map((file, i) => put(`audit.${i}.jsonl`, fileOf(file)));
const jsonl = (all: readonly string[]): string => all.map(line => `${line}\n`).join('');

test('every shipper is tried', () => {
  for (const shipper of SHIPPERS)
    assert.ok(
      SHAPES.some(([name]) => name === shipper),
      shipper,
    );
});

for (const [index, [shipper, wrap]] of SHAPES.entries()) {
  test(`${shipper}, shape ${index}: the copy verifies, and is whole`, async () => {
    const copy = put('copy', jsonl(lines.map(wrap)));
    const verified = await runCommand(verify, ['--key', key, '--from', shipper, copy]);
    assert.equal(verified.code, 0, verified.out.join('\n'));
    assert.ok(verified.out.includes(`head    ${log.size}:${log.root()}`));
    const whole = await runCommand(reconcile, [...sources, '--with', copy, '--from', shipper]);
    assert.equal(whole.code, 0, whole.out.join('\n'));
    const changed = put(
      'copy',
      jsonl(lines.map(line => wrap(line.replace('"matched_rule":"c"', '"matched_rule":"x"')))),
    );
    assert.equal((await runCommand(verify, ['--key', key, '--from', shipper, changed])).code, 1);
    assert.equal((await runCommand(reconcile, [...sources, '--with', changed, '--from', shipper])).code, 1);
  });
}

test('otel: many records in one line', async () => {
  const logRecords = lines.map(line => ({ body: { stringValue: line } }));
  const copy = put('copy', jsonl([JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })]));
  assert.equal((await runCommand(verify, ['--key', key, '--from', 'otel', copy])).code, 0);
});

type Answer = Reconciled & { readonly verdict: string };

async function compared(copy: readonly string[], ...more: string[]) {
  const run = await runCommand(reconcile, ['--json', ...sources, '--with', put('copy', jsonl(copy)), ...more]);
  return { code: run.code, ...(JSON.parse(run.out.join('')) as Answer) };
}

test('missing, doubled, altered, extra', async () => {
  const whole = await compared(lines.toReversed());
  assert.deepEqual([whole.code, whole.verdict, whole.source, whole.copy], [0, 'whole', lines.length, lines.length]);
  const doubled = await compared([...lines, ...lines.slice(2)]);
  assert.deepEqual([doubled.code, doubled.doubled], [0, lines.length - 2]);
  const missing = await compared(lines.toSpliced(2, 3));
  assert.deepEqual([missing.code, missing.missing], [1, 3]);
  assert.deepEqual(
    missing.differences.map(d => [d.from, d.to]),
    [[2, 5]],
  );
  const altered = await compared(lines.with(1, (lines[1] as string).replace('"a"', '"b"')));
  assert.deepEqual([altered.code, altered.altered, altered.missing], [1, 1, 1]);
  const other = new AuditBuilder('host/other/fedcba9876543210', signer).started();
  const later = new AuditBuilder(log.origin, signer).started();
  for (let i = 1; i < 9000; i++) later.decision('later');
  for (const extra of [other.files[0]?.[0], later.files[0]?.at(-1), later.files[0]?.[4500]] as string[]) {
    const found = await compared([...lines, extra]);
    assert.deepEqual([found.code, found.extra, found.missing], [1, 1, 0]);
  }
  const noise = await compared([...lines, 'hello']);
  assert.deepEqual([noise.code, noise.noRecord], [0, 1], 'a line of something else is said, and takes nothing away');
});

test('for people: each difference in a line; compressed copies; nothing of the source', async () => {
  const copy = put('copy.gz', gzipSync(jsonl(lines.toSpliced(1, 2))));
  const run = await runCommand(reconcile, [...sources, '--with', copy]);
  assert.equal(run.code, 1);
  assert.equal(run.out[0], `missing: records 1 to 2 of ${log.origin}`);
  assert.equal(run.out.at(-1), 'DIFFERENT');
  const nothing = await runCommand(reconcile, [put('empty', ''), '--with', put('none', '')]);
  assert.equal(nothing.code, 2);
});

for (const args of [
  [],
  ['a'],
  ['a', '--with'],
  ['--with', 'b'],
  ['a', '--with', 'b', '--from', 'x'],
  ['a', '--with', 'b', '--with', 'c'],
])
  test(`misuse: ${args.join(' ')}`, () => assert.rejects(runCommand(reconcile, args), Misuse));
