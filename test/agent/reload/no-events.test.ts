import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('../../support/reload/no-events-child.js', import.meta.url));
// A user namespace has limits of its own, which its root may lower.
const LIMIT = 'echo 0 > /proc/sys/user/max_inotify_instances';
const unshare = (line: string) => spawnSync('unshare', ['-U', '-r', 'sh', '-ec', line], { encoding: 'utf8' });
const skip = unshare(LIMIT).status === 0 ? false : 'no user namespace can be made here';

test('where no watch can be had, the look every second finds the change, and health says so', { skip }, () => {
  const done = unshare(`${LIMIT}; exec "${process.execPath}" "${CHILD}"`);
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(JSON.parse(done.stdout), { pollOnly: true, said: ['loaded a', 'loaded b'] });
});
