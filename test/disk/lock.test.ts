/** Promise: a lock is held by one, ends with its holder, and guards only the name it was taken on. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { takeLock } from '#src/disk/lock.js';
import { endsWith } from '../support/ends-with.js';
import { tempFolder } from '../support/temp.js';

function lockPath(t: TestContext): string {
  return join(tempFolder(t), 'x.lock');
}

for (const program of ['flock', 'no-such-program']) {
  test(`${program}: held by one, free after release`, t => {
    const path = lockPath(t);
    const first = takeLock(path, program);
    assert.ok(first.is === 'locked' && first.lock.held() && !first.lock.lost());
    assert.equal(takeLock(path, program).is, 'taken');
    first.lock.release();
    first.lock.release();
    assert.equal(first.lock.held(), false);
    const again = takeLock(path, program);
    assert.ok(again.is === 'locked');
    again.lock.release();
  });

  test(`${program}: a lock whose file lost its name is not held`, t => {
    const path = lockPath(t);
    const locking = takeLock(path, program);
    assert.ok(locking.is === 'locked');
    renameSync(path, `${path}.old`);
    assert.equal(locking.lock.held(), false);
    writeFileSync(path, '');
    assert.equal(locking.lock.held(), false);
    locking.lock.release();
  });
}

test('flock: free at once when the holder is killed', async t => {
  const path = lockPath(t);
  const code = `import('${new URL('../../../dist/disk/lock.js', import.meta.url).href}').then(m => {
    const l = m.takeLock(${JSON.stringify(path)}, 'flock'); console.log(l.is); setInterval(() => l, 1000); })`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = endsWith(t, child);
  const [said] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  assert.equal(said.trim(), 'locked');
  assert.equal(takeLock(path, 'flock').is, 'taken');
  child.kill('SIGKILL');
  await ended;
  const locking = takeLock(path, 'flock');
  assert.ok(locking.is === 'locked');
  locking.lock.release();
});

test('a link at the path of the lock is not followed', t => {
  const path = lockPath(t);
  symlinkSync(`${path}.victim`, path);
  assert.throws(() => takeLock(path, 'flock'), { code: 'ELOOP' });
});
