import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Misuse } from '#src/cli/args.js';
import { runTail, tail } from '#src/cli/tail.js';
import { readLines } from '#src/disk/read-lines.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { runCommand, testIo } from '../support/cli-command.js';
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
  const running = runTail(['--json', '--follow', live], io, stop.signal);
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
