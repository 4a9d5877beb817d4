import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Misuse, readArgs } from '#src/cli/args.js';
import { runTail, tail } from '#src/cli/tail.js';
import { readLines } from '#src/disk/read-lines.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { calls } from '../support/calls-log.js';
import { runCommand, testIo } from '../support/cli-command.js';
import { until } from '../support/until.js';
import { fileOf } from '../support/verify-bytes.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-tail-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
const path = join(folder, 'audit.jsonl');
const log = new AuditBuilder('host/agent/0123456789abcdef', testSigner('epoch 0')).started();
for (let i = 0; i < 20; i++) log.decision(`rule ${i}`);
const lines = log.files[0] as string[];
writeFileSync(path, Buffer.concat([fileOf(lines), Buffer.from('torn')]));

test('the last records, for people and as they are', async () => {
  const people = await runCommand(tail, [path]);
  assert.equal(people.out.length, 10);
  assert.match(people.out.at(-1) as string, /^20 2026-01-01T00:00:20\.000Z decision .*matched_rule="rule 19"/);
  const json = await runCommand(tail, ['--json', '--lines', '3', path]);
  assert.deepEqual(json.out, lines.slice(-3));
  assert.deepEqual((await runCommand(tail, ['--lines', '0', path])).out, []);
  await assert.rejects(runCommand(tail, ['--lines', 'many', path]), Misuse);
  await assert.rejects(runCommand(tail, []), Misuse);
  await assert.rejects(runCommand(tail, [join(folder, 'absent')]), { code: 'log_unreadable' });
});

test('a line that is no record is shown harmlessly', async () => {
  const bad = join(folder, 'bad.jsonl');
  writeFileSync(bad, Buffer.from([...Buffer.from('a\u001b[2Jb\n'), 0xff, 0x0a]));
  const run = await runCommand(tail, [bad]);
  assert.deepEqual(run.out, ['not a record: a%1B[2Jb', 'not a record: bytes that are no text']);
  assert.deepEqual((await runCommand(tail, ['--json', bad])).out, Array(2).fill('{"error":"not_a_record"}'));
});

test('--follow sees new lines whole, and goes with a rotation without losing one', async () => {
  const live = join(folder, 'live.jsonl');
  writeFileSync(live, fileOf(lines.slice(0, 2)));
  const io = testIo();
  const stop = new AbortController();
  const running = runTail(readArgs(['--json', '--follow', live], tail), io, stop.signal);
  const until = async (count: number): Promise<void> => {
    for (let i = 0; i < 500 && io.lines.length < count; i++) await sleep(20);
    assert.deepEqual(io.lines, lines.slice(0, count));
  };
  await until(2);
  appendFileSync(live, `${lines[2]}\n${lines[3]?.slice(0, 9)}`);
  await until(3);
  appendFileSync(live, `${lines[3]?.slice(9)}\n`);
  await until(4);
  renameSync(live, `${live}.1`);
  writeFileSync(live, '');
  await sleep(500);
  appendFileSync(`${live}.1`, `${lines[4]}\n`);
  appendFileSync(live, `${lines[5]}\n`);
  await until(6);
  stop.abort();
  assert.equal(await running, 0);
});

const asRecords = (out: readonly string[]): Record<string, unknown>[] => out.map(line => JSON.parse(line));

test('filters: an outcome goes with its decision, and all that is asked for must hold', async () => {
  const file = join(folder, 'calls.jsonl');
  writeFileSync(file, `${calls('host/a/0123456789abcdef', 60, 99).files[0]?.join('\n')}\n`);
  const shown = async (...flags: string[]): Promise<Record<string, unknown>[]> =>
    asRecords((await runCommand(tail, ['--json', '--lines', '1000', ...flags, file])).out);
  const ids = (records: Record<string, unknown>[], type: string): unknown[] =>
    records.filter(record => record.type === type).map(record => record.request_id);

  const crm = await shown('--agent', 'crm');
  assert.ok(crm.every(record => Number(String(record.request_id).slice(1)) % 2 === 0));
  assert.equal(ids(crm, 'decision').length, 30);
  assert.equal(ids(crm, 'outcome').length, 20);

  const both = await shown('--agent', 'crm', '--host', '*.example.com', '--code', 'rule_allowed');
  assert.ok(both.length > 0);
  assert.ok(both.every(record => Number(String(record.request_id).slice(1)) % 4 === 0));
  assert.deepEqual(ids(both, 'decision'), ids(both, 'outcome'));
  assert.deepEqual(await shown('--host', 'example.com'), []);
  assert.ok((await shown('--host', 'API.example.com')).length > 0);

  assert.ok((await shown('--result', 'error')).every(({ type, result }) => type === 'outcome' && result === 'error'));
  assert.equal((await shown('--result', 'deny')).length, 20);
  assert.equal((await shown('--type', 'outcome', '--rule', 'rule 2')).length, 8);
  await assert.rejects(shown('--result', 'eror'), (e: Misuse) => e.hint === "did you mean 'error'?");
  await assert.rejects(shown('--code', 'rule_denyed'), (e: Misuse) => e.hint === "did you mean 'rule_denied'?");
  await assert.rejects(shown('--since', 'yesterday'), Misuse);
});

test('--since shows all from then on, and says what it leaves out', async () => {
  const since = await runCommand(tail, ['--json', '--since', '2026-01-01T00:00:04.000Z', path]);
  assert.deepEqual(since.out, lines.slice(4));
  const two = await runCommand(tail, ['--json', '--since', '2026-01-01T00:00:04Z', '--lines', '2', path]);
  assert.deepEqual(two.out, lines.slice(-2));
  assert.deepEqual(two.err, [`note: ${lines.length - 4 - 2} earlier records are not shown (--lines)`]);
});

test('several files are shown by time, each line with its file', async () => {
  const [a, b] = [join(folder, 'a.jsonl'), join(folder, 'b.jsonl')];
  writeFileSync(a, `${lines.filter((_, i) => i % 2 === 0).join('\n')}\n`);
  writeFileSync(b, `${lines.filter((_, i) => i % 2 === 1).join('\n')}\n`);
  assert.deepEqual((await runCommand(tail, ['--json', '--lines', '6', b, a])).out, lines.slice(-6));
  const people = await runCommand(tail, ['--lines', '2', b, a]);
  assert.ok(people.out[0]?.startsWith(`${b}: 19 `) && people.out[1]?.startsWith(`${a}: 20 `), people.out.join('\n'));
});

test('a record of a type that this version does not know is shown plainly', async () => {
  const file = join(folder, 'later.jsonl');
  const later = new AuditBuilder('host/a/0123456789abcdef', testSigner('x')).add('approval_given', {
    by: 'ann b',
    n: 3,
  });
  writeFileSync(file, `${later.files[0]?.[0]}\n`);
  assert.deepEqual((await runCommand(tail, [file])).out, ['0 2026-01-01T00:00:00.000Z approval_given by="ann b" n=3']);
});

/** Follows `path` as JSON until the test is over. */
function following(path: string): { readonly lines: string[]; readonly errors: string[]; end(): Promise<number> } {
  const io = testIo();
  const stop = new AbortController();
  const running = runTail(readArgs(['--json', '--follow', '--lines', '10000', path], tail), io, stop.signal);
  return {
    lines: io.lines,
    errors: io.errors,
    end: () => {
      stop.abort();
      return running;
    },
  };
}

test('--follow loses nothing when a link moves on several times between two looks', async () => {
  const home = mkdtempSync(join(folder, 'turns-'));
  const { files } = calls('host/turning/0123456789abcdef', 40, 5);
  const all = files.flat();
  const link = join(home, 'audit.jsonl');
  let first = 0;
  const turn = (file: readonly string[]): void => {
    const name = `audit.${first}.jsonl`;
    writeFileSync(join(home, name), `${file.join('\n')}\n`);
    symlinkSync(name, join(home, 'audit.new'));
    renameSync(join(home, 'audit.new'), link);
    first += file.length;
  };
  turn(files[0] as string[]);
  const tailed = following(link);
  await until('the first file', () => tailed.lines.length === files[0]?.length);
  for (const file of files.slice(1)) turn(file);
  await until('every line', () => tailed.lines.length >= all.length);
  assert.deepEqual(tailed.lines, all);
  assert.deepEqual(tailed.errors, []);
  assert.equal(await tailed.end(), 0);
});

test('--follow goes on after a truncation, through a name that is no file for a while, and says what is in no file', async () => {
  const home = mkdtempSync(join(folder, 'trouble-'));
  const { files } = calls('host/trouble/0123456789abcdef', 20, 5);
  const [one, two, three, four] = files as [string[], string[], string[], string[]];
  const live = join(home, 'audit.jsonl');
  writeFileSync(live, `${one.join('\n')}\n`);
  const tailed = following(live);
  await until('the first file', () => tailed.lines.length === one.length);
  truncateSync(live);
  await sleep(500);
  appendFileSync(live, `${two.join('\n')}\n`);
  await until('the lines after the cut', () => tailed.lines.length === one.length + two.length);

  renameSync(live, join(home, 'kept'));
  mkdirSync(live);
  await until('a note', () => tailed.errors.length === 1);
  assert.match(tailed.errors[0] as string, /^note: waiting for .*audit\.jsonl/);
  rmdirSync(live);
  writeFileSync(live, `no record\n${four.join('\n')}\n`);
  await until('the last file', () => tailed.lines.length === one.length + two.length + 1 + four.length);
  assert.deepEqual(tailed.lines, [...one, ...two, '{"error":"not_a_record"}', ...four]);
  const gap = `note: records ${one.length + two.length} to ${one.length + two.length + three.length - 1} are in no file here`;
  await until('the gap', () => tailed.errors.includes(gap));
  assert.equal(await tailed.end(), 0);
});

test('lines of every length around the chunk come out whole', () => {
  const file = join(folder, 'lengths');
  const chunk = 256 * 1024;
  for (const length of [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk]) {
    const given = ['first', 'x'.repeat(length), 'last'];
    writeFileSync(file, `${given.join('\n')}\nrest`);
    for (const max of [10, 4 * chunk]) {
      const got: number[] = [];
      const read = readLines(file, max, bytes => {
        got.push(bytes.length);
        return true;
      });
      assert.deepEqual(
        got,
        given.map(line => Math.min(line.length, max + 1)),
      );
      assert.deepEqual(read, { lines: 3, end: length + 12, torn: 4 });
    }
  }
});
