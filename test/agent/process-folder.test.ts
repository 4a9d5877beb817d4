/** A process replaces its file while another one reads it: that is no file of a stranger. */
import assert from 'node:assert/strict';
import fs, { rmSync, symlinkSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import { listProcesses } from '#src/agent/process-folder.js';
import { Home } from '../support/home.js';
import { processReport } from '../support/process-report.js';

const FILE = 'state/processes/00000000000000aa.json';

const anew = (home: Home): void => home.replace(FILE, processReport({ allowed: 2 }));

/** How many the list has, and how many it refused, when `act` comes right after each of the first `acts` looks at the file. */
function listedWhile(t: TestContext, act: (home: Home) => void, acts: number): number[] {
  const home = new Home({ [FILE]: processReport({ allowed: 1 }) });
  const { lstatSync } = fs;
  let left = acts;
  t.after(() => {
    Object.assign(fs, { lstatSync });
    syncBuiltinESMExports();
    home.remove();
  });
  const swapping = (path: string): fs.Stats => {
    const seen = lstatSync(path);
    if (path === home.path(FILE) && left-- > 0) act(home);
    return seen;
  };
  Object.assign(fs, { lstatSync: swapping });
  syncBuiltinESMExports();
  const { processes, stale, refused } = listProcesses(home.path('state'));
  return [processes.length + stale, refused];
}

test('replaced between the look and the read: what stands there now is read', t => {
  assert.deepEqual(listedWhile(t, anew, 1), [1, 0]);
});

test('replaced by a link between the look and the read: it is not followed', t => {
  const linked = (home: Home): void => {
    home.write('elsewhere.json', processReport({ allowed: 2 }));
    rmSync(home.path(FILE));
    symlinkSync(home.path('elsewhere.json'), home.path(FILE));
  };
  assert.deepEqual(listedWhile(t, linked, 1), [0, 1]);
});

test('replaced at every look: refused, and nobody is waited for', t => {
  assert.deepEqual(listedWhile(t, anew, Number.POSITIVE_INFINITY), [0, 1]);
});
