/** Promise: lines come out as they went in, whatever their place against the reading buffer. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LineFile } from '#src/disk/lines.js';

function fileOf(t: TestContext, content: string): LineFile {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-lines-'));
  const path = join(folder, 'f');
  writeFileSync(path, content);
  const file = LineFile.open(path);
  t.after(() => {
    file.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  return file;
}

function scanned(file: LineFile, from = 0, max = 100) {
  const lines: string[] = [];
  const scan = file.scan(from, max, line => {
    lines.push(Buffer.from(line).toString());
    return true;
  });
  return { lines, ...scan };
}

test('many lines across many buffers', t => {
  const lines = Array.from({ length: 40_000 }, (_, n) => 'x'.repeat(n % 60) + n);
  const file = fileOf(t, `${lines.join('\n')}\n`);
  const read = scanned(file);
  assert.deepEqual(read.lines, lines);
  assert.deepEqual([read.end, read.rest, read.why], [file.size, 0, 'end']);
});

test('the rest after the last newline, an empty file, and a start in the middle', t => {
  assert.deepEqual(scanned(fileOf(t, 'one\ntwo\nthr')), { lines: ['one', 'two'], end: 8, rest: 3, why: 'end' });
  assert.deepEqual(scanned(fileOf(t, '')), { lines: [], end: 0, rest: 0, why: 'end' });
  assert.deepEqual(scanned(fileOf(t, 'one\ntwo\n'), 4), { lines: ['two'], end: 8, rest: 0, why: 'end' });
});

test('a line over the bound stops it, with and without its newline', t => {
  const long = 'y'.repeat(101);
  assert.deepEqual(scanned(fileOf(t, `a\n${long}\n`)), { lines: ['a'], end: 2, rest: 102, why: 'too_long' });
  assert.deepEqual(scanned(fileOf(t, `a\n${long}`)), { lines: ['a'], end: 2, rest: 101, why: 'too_long' });
  assert.deepEqual(scanned(fileOf(t, `a\n${long.slice(1)}\n`)).lines.length, 2);
});

test('a refused line is not counted', t => {
  const file = fileOf(t, 'a\nb\nc\n');
  const scan = file.scan(0, 10, line => line[0] === 0x61);
  assert.deepEqual(scan, { end: 2, rest: 4, why: 'refused' });
});

test('lineBefore gives the line that ends at an offset, or nothing', t => {
  const file = fileOf(t, 'one\ntwo\n');
  const before = (offset: number, max = 10) => {
    const line = file.lineBefore(offset, max);
    return line === null ? null : Buffer.from(line).toString();
  };
  assert.equal(before(4), 'one');
  assert.equal(before(8), 'two');
  assert.equal(before(8, 3), 'two');
  assert.equal(before(8, 2), null);
  for (const offset of [-1, 0, 3, 5, 9]) assert.equal(before(offset), null, `${offset}`);
});

test('links and folders are not opened', t => {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-lines-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  mkdirSync(join(folder, 'd'));
  writeFileSync(join(folder, 'f'), '');
  symlinkSync(join(folder, 'f'), join(folder, 'l'));
  assert.throws(() => LineFile.open(join(folder, 'd')), { code: 'EINVAL' });
  assert.throws(() => LineFile.open(join(folder, 'l')), { code: 'ELOOP' });
  assert.throws(() => LineFile.open(join(folder, 'none')), { code: 'ENOENT' });
});
