import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { utf8 } from '#src/core/bytes.js';
import { tar, untar } from '#src/core/evidence/tar.js';

const FILES = [
  { name: 'README.txt', bytes: utf8('é\n') },
  { name: 'policies/0a', bytes: new Uint8Array(0) },
  { name: 'b.bin', bytes: new Uint8Array(512).fill(7) },
  { name: 'c.bin', bytes: new Uint8Array(1025).fill(9) },
];

test('the system’s tar unpacks it, and it reads back', t => {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-tar-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const archive = tar(FILES);
  assert.deepEqual(untar(archive), FILES);
  assert.deepEqual(tar(FILES), archive);
  writeFileSync(join(folder, 'x.tar'), archive);
  const run = spawnSync('tar', ['-xf', 'x.tar'], { cwd: folder, encoding: 'utf8' });
  assert.deepEqual([run.status, run.stderr], [0, '']);
  for (const { name, bytes } of FILES) assert.deepEqual(new Uint8Array(readFileSync(join(folder, name))), bytes);
});

test('what it would not have made is refused', () => {
  const archive = tar(FILES);
  // Every byte of the first header and around it, and each kind of end.
  for (let at = 0; at < 512; at++) {
    const altered = Uint8Array.from(archive);
    altered[at] = (altered[at] as number) ^ 1;
    const read = untar(altered);
    assert.equal(read, null, `byte ${at}`);
  }
  for (const end of [0, 511, 512, archive.length - 1, archive.length - 512])
    assert.equal(untar(archive.slice(0, end)), null);
  assert.equal(untar(new Uint8Array(archive.length + 512)), null);
  for (const name of ['../x', '/etc/x', 'a//b', '.x', 'a/../b', ''])
    assert.equal(untar(tar([{ name, bytes: utf8('') }])), null, name);
  assert.equal(untar(tar([FILES[0] as (typeof FILES)[0], FILES[0] as (typeof FILES)[0]])), null);
});
