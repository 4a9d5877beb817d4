import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('../../support/reload/mounted-child.js', import.meta.url));
const apart = (...command: readonly string[]) => spawnSync('unshare', ['-U', '-r', '-m', ...command], { encoding: 'utf8' });
const skip = apart('true').status === 0 ? false : 'no mount namespace can be made here';

test('a file mounted by itself: what is written in place is seen, what is renamed over its source is not', { skip }, () => {
  const done = apart(process.execPath, CHILD);
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(JSON.parse(done.stdout), {
    early: 'a',
    written: 'b',
    renamed: 'b',
    mountedAgain: 'c',
    health: 'ok',
  });
});
