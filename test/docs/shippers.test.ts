/** examples/shippers: each configuration is in the README, and holds to the facts of the log that its program trips over. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { AUDIT_LINE_MAX_BYTES } from '#src/core/limits.js';
import { calls } from '../support/calls-log.js';
import { code, tableUnder } from '../support/fenced.js';

const FOLDER = 'examples/shippers';
const LIVE = '/var/log/checkrd/audit.jsonl';
const RENAMED = `${LIVE}.1`;
const read = (name: string): string => readFileSync(`${FOLDER}/${name}`, 'utf8');
const number = (pattern: RegExp, text: string): number => Number(pattern.exec(text)?.[1]);

test('the README names every configuration, and no other', () => {
  const named = tableUnder(`${FOLDER}/README.md`, '# Shippers').map(row => code(row[0]));
  assert.deepEqual(
    named.sort(),
    readdirSync(FOLDER)
      .filter(name => name !== 'README.md')
      .sort(),
  );
});

for (const name of readdirSync(FOLDER).filter(name => name !== 'README.md')) {
  test(`${name} reads the packages' log and sends nothing anywhere real`, () => {
    const text = read(name);
    assert.ok(text.includes(LIVE));
    assert.ok(text.includes('logs.example.com'));
    assert.doesNotMatch(
      text,
      /audit\.jsonl\*/,
      'a wildcard would take the lock, the state and compressed files for logs',
    );
  });
}

test('the longest line fits everywhere', () => {
  const vector = parse(read('vector.yaml')) as { sources: { checkrd: Record<string, unknown> } };
  const otel = parse(read('otel-collector.yaml')) as { receivers: { filelog: Record<string, unknown> } };
  assert.ok(Number(vector.sources.checkrd.max_line_bytes) > AUDIT_LINE_MAX_BYTES);
  assert.equal(otel.receivers.filelog.max_log_size, '32KiB');
  assert.ok(number(/Buffer_Max_Size\s+(\d+)k/, read('fluent-bit.conf')) * 1024 > AUDIT_LINE_MAX_BYTES);
  assert.match(read('fluent-bit.conf'), /Skip_Long_Lines\s+On/);
  assert.ok(number(/maxMessageSize="(\d+)k"/, read('rsyslog.conf')) * 1024 > AUDIT_LINE_MAX_BYTES);
  assert.ok(number(/log-msg-size\((\d+)\)/, read('syslog-ng.conf')) > AUDIT_LINE_MAX_BYTES);
});

test('files are told apart by their first lines where the program does that, and what is renamed is read to its end', () => {
  const vector = parse(read('vector.yaml')) as { sources: { checkrd: { include: string[]; fingerprint: object } } };
  assert.deepEqual(vector.sources.checkrd.fingerprint, { strategy: 'checksum', lines: 1 });
  assert.deepEqual(vector.sources.checkrd.include, [LIVE, RENAMED]);
  const otel = parse(read('otel-collector.yaml')) as { receivers: { filelog: { include: string[] } } };
  assert.deepEqual(otel.receivers.filelog.include, [LIVE, RENAMED]);
  assert.match(read('fluent-bit.conf'), /Rotate_Wait +30$/m);
  assert.ok(read('rsyslog.conf').includes(`"${RENAMED}"`));
  const firsts = ['host/a/0000000000000000', 'host/b/0000000000000000'].flatMap(origin =>
    calls(origin, 40, 10).files.map(file => file[0] as string),
  );
  assert.equal(new Set(firsts).size, firsts.length);
  assert.equal(new Set(firsts.map(line => line.slice(0, 1000))).size, firsts.length);
});

for (const [program, ...args] of [
  ['vector', 'validate', '--no-environment', `${FOLDER}/vector.yaml`],
  ['fluent-bit', '--dry-run', '-c', `${FOLDER}/fluent-bit.conf`],
  ['otelcol-contrib', 'validate', `--config=${FOLDER}/otel-collector.yaml`],
  ['alloy', 'validate', `${FOLDER}/alloy.alloy`],
] as const) {
  const missing = spawnSync(program, ['--version']).error === undefined ? false : `no ${program} on this machine`;
  test(`${program} takes its configuration`, { skip: missing }, () => {
    const ran = spawnSync(program, args, { encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  });
}
