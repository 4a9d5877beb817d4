/** Promise: a small file is the old one or the new one, whole, and nothing planted is followed. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createFile, replaceFile, replaceFileLater } from '#src/disk/durable.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

function temp(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-durable-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}
const later = (path: string, text: string, wanted: () => boolean): Promise<string | null> =>
  new Promise(done => replaceFileLater(path, bytes(text), 0o640, wanted, done));

test('replaceFile replaces content and mode, and leaves no other file', t => {
  const folder = temp(t);
  const path = join(folder, 'f');
  writeFileSync(path, 'old', { mode: 0o666 });
  replaceFile(path, bytes('new'), 0o600);
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['f']);
});

test('createFile makes a file once', t => {
  const folder = temp(t);
  const path = join(folder, 'f');
  assert.equal(createFile(path, bytes('first'), 0o600), true);
  assert.equal(createFile(path, bytes('second'), 0o600), false);
  assert.equal(readFileSync(path, 'utf8'), 'first');
  assert.deepEqual(readdirSync(folder), ['f']);
});

test('a link at the path is replaced, not followed', t => {
  const folder = temp(t);
  writeFileSync(join(folder, 'victim'), 'safe');
  symlinkSync(join(folder, 'victim'), join(folder, 'f'));
  assert.equal(createFile(join(folder, 'f'), bytes('x'), 0o600), false);
  replaceFile(join(folder, 'f'), bytes('new'), 0o600);
  assert.equal(readFileSync(join(folder, 'victim'), 'utf8'), 'safe');
});

test('replaceFileLater writes what is still wanted, and reports what fails', async t => {
  const folder = temp(t);
  const path = join(folder, 'f');
  assert.equal(await later(path, 'one', () => true), null);
  assert.equal(await later(path, 'two', () => false), null);
  assert.equal(readFileSync(path, 'utf8'), 'one');
  assert.deepEqual(readdirSync(folder), ['f']);
  assert.equal(await later(join(folder, 'none', 'f'), 'x', () => true), 'ENOENT');
});

test('replaceFile takes the file of an older replacement under way with it: the process may be about to exit', async t => {
  const folder = temp(t);
  const path = join(folder, 'f');
  let wanted = true;
  const older = later(path, 'older', () => wanted);
  const end = Date.now() + 10_000;
  // Without a turn of the event loop, as in an exit handler.
  while (readdirSync(folder).length === 0 && Date.now() < end);
  wanted = false;
  replaceFile(path, bytes('newer'), 0o600);
  assert.deepEqual(readdirSync(folder), ['f']);
  assert.equal(await older, null);
  assert.equal(readFileSync(path, 'utf8'), 'newer');
});
