/** Promise: heads said elsewhere are those of the log, and find a shortened end; with `signatures: record` every line is signed. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verify } from '#src/cli/verify.js';
import { parseLine } from '#src/core/audit/canonical.js';
import { verifyRecordSignature } from '#src/core/audit/record-signature.js';
import { ed25519Verify } from '#src/crypto/ed25519.js';
import { appendMany, decision, place } from '../../support/audit-log.js';
import { runCommand } from '../../support/cli-command.js';
import { readWhole } from '../../support/read-log.js';
import { until } from '../../support/until.js';

test('heads go to the file and to the journal, and `verify --expect` takes them', async t => {
  const at = place(t);
  const file = join(at.folder, 'heads');
  writeFileSync(file, 'theirs\n');
  const said: string[] = [];
  const log = at.open({ heads: { file, say: line => said.push(line), everyMs: 1 } });
  appendMany(log, 5);
  await until('a head was said', () => said.length > 0);
  appendMany(log, 5, 5);
  log.close();
  const [theirs, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.equal(theirs, 'theirs');
  assert.deepEqual(lines, said);
  assert.ok(said.length >= 2);
  for (const line of lines) assert.match(line, /^host\/agent\/[0-9a-f]{16} \d+ [0-9a-f]{64} \d{4}-.*Z$/);
  const [origin, size, root] = String(lines.at(-1)).split(' ');
  assert.equal(origin, log.origin);
  const args = ['--key', join(at.folder, 'keys', 'origin.pub'), '--expect', `${size}:${root}`, at.path];
  assert.equal((await runCommand(verify, args)).code, 0);
  const kept = readFileSync(at.path, 'utf8').split('\n').slice(0, 4);
  writeFileSync(at.path, `${kept.join('\n')}\n`);
  assert.equal((await runCommand(verify, args)).code, 1);
});

for (const [name, put] of [
  ['missing', () => {}],
  ['a link', (path: string) => symlinkSync('/dev/null', path)],
  ['a folder', (path: string) => mkdirSync(path)],
] as const) {
  test(`a heads file that is ${name}: said once, no call is denied`, async t => {
    const at = place(t);
    const file = join(at.folder, 'heads');
    put(file);
    const log = at.open({ heads: { file, say: null, everyMs: 1 } });
    log.append(decision(0));
    await until('it was said', () => at.problems.length > 0);
    log.append(decision(1));
    log.close();
    assert.equal(at.problems.length, 1);
    assert.match(at.problems[0] as string, /head/);
  });
}

test('signatures: record: each line carries a signature that fits, over every kind of record, and it verifies', async t => {
  const at = place(t);
  const log = at.open({ signatures: 'record' });
  log.append(decision(0, { url_path: `/${'x'.repeat(3000)}` }));
  log.append({ type: 'outcome', request_id: 'r-0', result: 'ok', latency_ms: 3 });
  log.append({ type: 'clock_jumped', by_ms: 5 });
  log.close();
  const key = Buffer.from(String(readWhole(at.path)[0]?.public_key), 'base64');
  const lines = readFileSync(at.path, 'utf8').split('\n').slice(0, -1);
  assert.equal(lines.length, 5);
  for (const line of lines) {
    const parsed = parseLine(line);
    assert.ok(parsed.ok && verifyRecordSignature(ed25519Verify, key, parsed.record), line);
  }
  assert.match(String(lines[1]), /"url_path_sha256"/);
  const args = ['--key', join(at.folder, 'keys', 'origin.pub'), at.path];
  assert.equal((await runCommand(verify, args)).code, 0);
  writeFileSync(at.path, `${lines.join('\n').replace('"by_ms":5', '"by_ms":6')}\n`);
  assert.equal((await runCommand(verify, args)).code, 1);
});
