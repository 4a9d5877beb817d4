/** `checkrd report` against sums made naively from the same lines. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Misuse } from '#src/cli/args.js';
import { report } from '#src/cli/report.js';
import { toBase64 } from '#src/core/bytes.js';
import { Quantiles } from '#src/core/report/quantiles.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { calls } from '../support/calls-log.js';
import { runCommand } from '../support/cli-command.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-report-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

const log = calls('host/agents/0123456789abcdef', 60, 25);
log.add('policy_loaded', { path: '/etc/checkrd/policy.yaml', policy_sha256: 'a'.repeat(64), version: 3 });
log.add('kill_engaged', { source: '/var/lib/checkrd/killswitch', scope: 'all', reason: 'drill\u001b[2J' });
log.checkpoint();
const paths = log.files.map((lines, i) => {
  const path = join(folder, `audit.jsonl.${i}`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
});
const records = log.files.flat().map(line => JSON.parse(line) as Record<string, unknown>);
const key = toBase64(log.signer.publicKey);

interface Row {
  readonly key: string | null;
  readonly decisions: number;
  readonly allowed: number;
  readonly denied: number;
  readonly ok: number;
  readonly failed: number;
  readonly latency_ms: Record<string, number | null>;
}

interface Told {
  readonly ok: boolean;
  readonly verified: false | { verdict: string }[];
  readonly total: Row;
  readonly by: Record<string, Row[]>;
  readonly records: Record<string, number>;
  readonly outcomes: Record<string, number>;
  readonly events: { type: string; facts: Record<string, unknown> }[];
  readonly missing: number;
  readonly repeated: number;
  readonly outcomes_without_decision: number;
  readonly not_records: number;
  readonly cut_short: string[];
}

async function told(...args: string[]): Promise<Told> {
  const { code, out } = await runCommand(report, ['--json', ...args]);
  assert.equal(code, 0, out.join('\n'));
  return JSON.parse(out[0] as string) as Told;
}

test('sums are those of the lines, whatever they are counted by and in whatever order the files come', async () => {
  const said = await told('--by', 'rule,host,agent,code,day,result', ...[...paths].reverse(), paths[0] as string);
  const decisions = records.filter(record => record.type === 'decision');
  const outcomes = records.filter(record => record.type === 'outcome');
  assert.equal(said.verified, false);
  assert.equal(said.total.decisions, 60);
  assert.equal(said.total.allowed, decisions.filter(record => record.policy_result === 'allow').length);
  assert.equal(said.total.ok + said.total.failed, outcomes.length);
  assert.equal(said.total.failed, outcomes.filter(record => record.result === 'error').length);
  assert.deepEqual([said.missing, said.repeated, said.outcomes_without_decision, said.not_records], [0, 0, 0, 0]);
  assert.equal(
    Object.values(said.records).reduce((a, b) => a + b),
    records.length,
  );
  const fields = { rule: 'matched_rule', host: 'url_host', agent: 'agent_id', code: 'code', result: 'policy_result' };
  for (const [by, field] of Object.entries(fields)) {
    const rows = said.by[by] as Row[];
    for (const row of rows) {
      const mine = decisions.filter(record => (record[field] ?? null) === row.key);
      const ids = new Set(mine.map(record => record.request_id));
      const ended = outcomes.filter(record => ids.has(record.request_id));
      assert.equal(row.decisions, mine.length, `${by} ${row.key}`);
      assert.equal(row.ok, ended.filter(record => record.result === 'ok').length, `${by} ${row.key}`);
      const latencies = ended.map(record => Number(record.latency_ms)).sort((a, b) => a - b);
      assert.equal(row.latency_ms.p50, latencies[Math.ceil(latencies.length * 0.5) - 1] ?? null);
      assert.equal(row.latency_ms.max, latencies.at(-1) ?? null);
    }
    assert.equal(
      rows.reduce((sum, row) => sum + row.decisions, 0),
      60,
      by,
    );
  }
  assert.deepEqual(
    said.by.day?.map(row => [row.key, row.decisions]),
    [['2026-01-01', 60]],
  );
  assert.deepEqual(
    said.events.map(({ type, facts }) => [type, facts.version ?? facts.scope]),
    [
      ['policy_loaded', 3],
      ['kill_engaged', 'all'],
    ],
  );
});

test('a call belongs to the period of its decision, also when it ended after it', async () => {
  const [decided, ended] = ['decision', 'outcome'].map(type =>
    records.find(record => record.type === type && record.request_id === 'r1'),
  );
  const said = await told('--since', String(decided?.time), '--until', String(ended?.time), ...paths);
  assert.deepEqual([said.total.decisions, said.total.ok, said.outcomes_without_decision], [1, 1, 0]);
  const later = await told('--since', String(ended?.time), ...paths);
  assert.equal(later.total.decisions, 58);
  assert.equal(later.total.ok + later.total.failed, 39);
});

test('compressed files are read; what is missing, doubled, cut short or no record is said', async () => {
  const whole = await told(...paths);
  const gz = join(folder, 'audit.jsonl.2.gz');
  writeFileSync(gz, gzipSync(readFileSync(paths[0] as string)));
  assert.deepEqual(await told(gz, ...paths.slice(1)), whole);

  const copy = join(folder, 'copy');
  copyFileSync(paths[1] as string, copy);
  const twice = await told(...paths, copy);
  assert.deepEqual([twice.total, twice.repeated], [whole.total, log.files[1]?.length]);

  const gap = await told(paths[0] as string, paths[2] as string);
  assert.equal(gap.missing, log.files[1]?.length);

  const packed = readFileSync(gz);
  writeFileSync(gz, packed.subarray(0, packed.length - 40));
  writeFileSync(copy, 'no record\n');
  const cut = await told(gz, paths[1] as string, paths[2] as string, copy);
  assert.deepEqual([cut.cut_short, cut.not_records], [[gz], 1]);
});

test('Zstandard is read, with or without help of this Node.js', async t => {
  const zst = join(folder, 'audit.jsonl.zst');
  const made = spawnSync('zstd', ['-q', '-f', paths[0] as string, '-o', zst]);
  if (made.error !== undefined) return t.skip('no zstd on this machine');
  assert.deepEqual(await told(zst, ...paths.slice(1)), await told(...paths));
});

test('--verify says by what, and reports nothing of a log that was tampered with', async () => {
  assert.deepEqual((await told('--verify', '--key', key, ...paths)).verified, [
    { log: log.origin, verdict: 'intact', note: null },
  ]);
  assert.deepEqual((await told('--verify', '--key', key, ...paths)).total, (await told(...paths)).total);
  const edited = join(folder, 'edited');
  writeFileSync(edited, readFileSync(paths[1] as string, 'utf8').replace('default_denied', 'default_denies'));
  const run = await runCommand(report, ['--verify', '--key', key, paths[0] as string, edited, paths[2] as string]);
  assert.equal(run.code, 2);
  assert.deepEqual(run.out, []);
  assert.match(run.err.join('\n'), /TAMPERED: edited/);
});

test('--verify reports nothing of a log of which the key signed nothing', async () => {
  const unsigned = join(folder, 'unsigned');
  const lines = readFileSync(paths[0] as string, 'utf8').split('\n');
  const unsignedLines = lines.slice(
    0,
    lines.findIndex(line => line.includes('"type":"checkpoint"')),
  );
  writeFileSync(unsigned, `${unsignedLines.join('\n')}\n`);
  const run = await runCommand(report, ['--verify', '--key', key, unsigned]);
  assert.deepEqual([run.code, run.out], [2, []]);
  assert.match(run.err.join('\n'), /error: the key signed nothing .*\nhint: .*; without --verify it is reported/);
});

test('for people: a table, and that nothing was verified; nothing of a file reaches the terminal raw', async () => {
  const { code, out } = await runCommand(report, ['--by', 'host', ...paths], {
    stdoutIsTTY: true,
    env: { NO_COLOR: '1' },
  });
  assert.equal(code, 0);
  const all = out.join('\n');
  assert.match(all, /^host +decisions +allowed +denied +let pass +ok +failed +p50 ms/m);
  assert.match(all, /^example\.org +45 /m);
  assert.match(all, /^all +60 +40 +20 +0 /m);
  assert.match(all, /kill_engaged source=\/var\/lib\/checkrd\/killswitch scope=all reason=drill%1B\[2J/);
  assert.equal(out.at(-1), 'NOT VERIFIED: `checkrd verify` says whether this is what was written');
  assert.ok(out.every(line => !/\p{Cc}/u.test(line)));
});

test('CSV: quoted, and no text is a formula', async () => {
  const bad = new AuditBuilder('host/a/0123456789abcdef', testSigner('x'));
  for (const rule of ['=1+1', '+cmd', '@x', '-2', 'a,"b"']) bad.decision(rule);
  const path = join(folder, 'formulas');
  writeFileSync(path, `${bad.files[0]?.join('\n')}\n`);
  const { out, err } = await runCommand(report, ['--csv', '--by', 'rule', path]);
  const keys = out.slice(1).map(line => /^rule,(.*),1,0,1,0,0,0,,,,\r$/.exec(line)?.[1]);
  assert.deepEqual(keys, ["'+cmd", "'-2", "'=1+1", "'@x", '"a,""b"""']);
  assert.deepEqual(err, ['note: nothing was verified']);
});

test('misuse, and files that cannot be read', async () => {
  const refused = (args: string[], hint: RegExp): Promise<void> =>
    assert.rejects(
      runCommand(report, args),
      (e: unknown) => e instanceof Misuse && hint.test(`${e.message} ${e.hint}`),
    );
  await refused(['--by', 'week', 'x'], /'week' .*day/);
  await refused(['--json', '--csv', 'x'], /--json and --csv/);
  await refused(['--key', key, 'x'], /--verify/);
  await refused([], /at least one file/);
  await assert.rejects(runCommand(report, [join(folder, 'absent')]), { code: 'log_unreadable' });
  const empty = join(folder, 'empty');
  writeFileSync(empty, '');
  assert.equal((await runCommand(report, [empty])).code, 2);
});

test('quantiles are exact below 256 and within 0.4 % above', () => {
  for (const top of [1, 100, 255, 10_000, 3_000_000]) {
    const quantiles = new Quantiles();
    for (let i = 1; i <= 1000; i++) quantiles.add(Math.ceil((i / 1000) * top));
    for (const share of [0.001, 0.5, 0.9, 0.99, 1]) {
      const right = Math.ceil((Math.ceil(share * 1000) / 1000) * top);
      assert.ok(Math.abs((quantiles.at(share) as number) - right) <= right * 0.004, `${top} ${share}`);
    }
  }
  assert.equal(new Quantiles().at(0.5), null);
});

test('memory does not grow with the log', () => {
  const path = join(folder, 'long');
  const fd = openSync(path, 'w');
  const record = {
    ...{ agent_id: 'a@', code: 'x', enforced: true, log: 'host/a/0123456789abcdef', policy_result: 'allow' },
    ...{ prev: '0'.repeat(64), request_id: 'request-@', seq: '@', time: '2026-01-01T00:00:00.000Z', type: 'decision' },
    ...{ url_host: `${'h'.repeat(200)}@`, v: 1 },
  };
  const parts = `${JSON.stringify(record).replace('"@"', '@')}\n`.split('@');
  for (let i = 0; i < 150; i++) {
    let text = '';
    for (let j = 0; j < 1000; j++) text += parts.join(String(i * 1000 + j));
    writeSync(fd, text);
  }
  closeSync(fd);
  const small = ['--max-old-space-size=48', 'dist/cli/main.js', 'report', '--json', '--by', 'host,agent', path];
  const ran = spawnSync(process.execPath, small, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  assert.equal(ran.status, 0, ran.stderr.slice(-500));
  const said = JSON.parse(ran.stdout) as Told;
  assert.equal(said.total.decisions, 150_000);
  assert.deepEqual(said.by.agent?.[0]?.key, '\u2026');
});
