/** Promise: every command that reads a log reads a shipped copy of it with `--from`, and says the same of it. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cli } from '../support/cli.js';
import { evidenceLog, REQUESTS } from '../support/evidence-log.js';
import { SHAPES } from '../support/shipped-copies.js';

const POLICY = 'default: deny\nrules:\n  - { name: reads, allow: { url: "api.example.com/**" } }\n';

test('prove, export, report, tail, replay and suggest say of a copy what they say of the log', async t => {
  const log = evidenceLog(t);
  const lines = log.files.flatMap(file => readFileSync(file, 'utf8').trimEnd().split('\n'));
  const source = log.write('source', `${lines.join('\n')}\n`);
  const policy = log.write('policy.yaml', POLICY);
  const out = join(log.folder, 'evidence.tar');
  const key = ['--key', log.key];
  const commands: readonly (readonly string[])[] = [
    ['prove', '--request', REQUESTS[3] as string, ...key],
    ['prove', '--old', '4', ...key],
    ['export', '--agent', 'mail-agent', '--policies', log.folder, '--out', out, '--json', ...key],
    ['report', '--by', 'agent', '--json'],
    ['report', '--by', 'agent', '--json', '--verify', ...key],
    ['tail', '--json', '--agent', 'crm-agent'],
    ['replay', '--policy', policy, '--json', ...key],
    ['suggest', '--json', ...key],
  ];
  const said = async (from: readonly string[], file: string) => {
    const all = [];
    for (const args of commands) {
      const { code, out: text } = await cli([...args, ...from, file]);
      all.push({ command: args[0], code, text });
      rmSync(out, { force: true });
    }
    return all;
  };
  const expected = await said([], source);
  for (const { command, code } of expected) assert.ok(code === 0 || command === 'replay', command);
  for (const [shipper, wrap] of SHAPES) {
    const copy = log.write('copy', lines.map(line => `${wrap(line)}\n`).join(''));
    assert.deepEqual(await said(['--from', shipper], copy), expected, shipper);
  }
  for (const args of commands) assert.equal((await cli([...args, '--from', 'pigeon', source])).code, 64);
});

test('a line of a copy may be longer than a record, and hold many', async t => {
  const log = evidenceLog(t);
  const lines = log.files.flatMap(file => readFileSync(file, 'utf8').trimEnd().split('\n'));
  const many = Array.from({ length: 8 }, () => lines).flat();
  const logRecords = many.map(line => ({ body: { stringValue: line } }));
  const text = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  assert.ok(text.length > 16 * 1024);
  const copy = log.write('copy', `${text}\n`);
  const tail = await cli(['tail', '--json', '--lines', '100', '--from', 'otel', copy]);
  assert.equal(tail.out.trimEnd().split('\n').length, many.length);
  const report = JSON.parse((await cli(['report', '--json', '--from', 'otel', copy])).out) as { calls: number };
  assert.equal(report.calls, JSON.parse((await cli(['report', '--json', ...log.files])).out).calls);
});

test('several keys: any of them may be the log’s', async t => {
  const log = evidenceLog(t);
  const other = evidenceLog(t);
  const pub = join(other.folder, 'other.pub');
  writeFileSync(pub, `${Buffer.alloc(32, 9).toString('base64')}\n`);
  const keys = ['--key', pub, '--key', log.key];
  const proof = await cli(['prove', '--request', REQUESTS[1] as string, ...keys, ...log.files]);
  assert.equal(proof.code, 0, proof.err);
  assert.equal((await cli(['prove', '--check', log.write('proof', proof.out), ...keys])).code, 0);
  const out = join(log.folder, 'evidence.tar');
  const made = await cli([
    'export',
    '--agent',
    'crm-agent',
    '--policies',
    log.folder,
    '--out',
    out,
    ...keys,
    ...log.files,
  ]);
  assert.equal(made.code, 0, made.err);
  assert.equal((await cli(['export', '--check', out, ...keys])).code, 0);
  assert.equal((await cli(['export', '--check', out, '--key', pub])).code, 1);
});
