/** A process replaces its file while another one reads it: that is no file of a stranger. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import { listProcesses } from '#src/agent/process-folder.js';
import { Home } from '../support/home.js';
import { processReport } from '../support/process-report.js';

const FILE = 'state/processes/00000000000000aa.json';

/** What the list says when the file is replaced right after each of the first `swaps` looks at its inode. */
function listedWhileSwapped(t: TestContext, swaps: number): ReturnType<typeof listProcesses> {
  const home = new Home({ [FILE]: processReport({ allowed: 1 }) });
  const { lstatSync } = fs;
  let left = swaps;
  t.after(() => {
    Object.assign(fs, { lstatSync });
    syncBuiltinESMExports();
    home.remove();
  });
  const swapping = (path: string): fs.Stats => {
    const seen = lstatSync(path);
    if (path === home.path(FILE) && left-- > 0) home.replace(FILE, processReport({ allowed: 2 }));
    return seen;
  };
  Object.assign(fs, { lstatSync: swapping });
  syncBuiltinESMExports();
  return listProcesses(home.path('state'));
}

test('replaced between the look and the read: what stands there now is read', t => {
  const { processes, stale, refused } = listedWhileSwapped(t, 1);
  assert.deepEqual([processes.length + stale, refused], [1, 0]);
});

test('replaced at every look: refused, and nobody is waited for', t => {
  const { processes, stale, refused } = listedWhileSwapped(t, Number.POSITIVE_INFINITY);
  assert.deepEqual([processes.length + stale, refused], [0, 1]);
});
