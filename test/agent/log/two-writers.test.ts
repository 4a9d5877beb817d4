// T-09, T-45 of THREAT-MODEL.md.
/** Promise: one writer a log. Whoever comes second writes a log of its own beside it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { readdirSync, renameSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { appendMany, place } from '../../support/audit-log.js';
import { endsWith } from '../../support/ends-with.js';
import { readWhole } from '../../support/read-log.js';

const CHILD = join('build', 'test', 'support', 'log-child.js');

test('two processes on one path: two whole logs with origins of their own', async t => {
  const at = place(t);
  const start = async () => {
    const child = spawn(process.execPath, [CHILD, at.folder, 'path', '300'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = endsWith(t, child);
    const [path] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    return { child, ended, path: path.trim() };
  };
  const both = await Promise.all([start(), start()]);
  for (const { child } of both) {
    child.stdout.resume();
    child.stdin.write('go\n');
  }
  assert.deepEqual(await Promise.all(both.map(({ ended }) => ended)), [0, 0]);
  const paths = both.map(({ path }) => path).sort();
  assert.notEqual(paths[0], paths[1]);
  assert.ok(paths.includes(at.path));
  const other = paths.find(path => path !== at.path) as string;
  assert.match(basename(other), /^audit\.\d+-[0-9a-f]{8}\.jsonl$/);
  const origins = paths.map(path => {
    const records = readWhole(path);
    assert.equal(records.filter(r => r.type === 'decision').length, 300);
    return records[0]?.log;
  });
  assert.notEqual(origins[0], origins[1]);
  assert.equal(readdirSync(dirname(at.path)).filter(name => name.endsWith('.lock')).length, 2);
});

for (const program of ['flock', 'no-such-program']) {
  test(`twice in one process (${program}): two logs; after close the path is free again`, t => {
    const at = place(t);
    const first = at.open({ lockProgram: program });
    const second = at.open({ lockProgram: program });
    assert.equal(first.path, at.path);
    assert.notEqual(second.path, at.path);
    appendMany(first, 20);
    appendMany(second, 20);
    second.close();
    first.close();
    readWhole(first.path);
    readWhole(second.path);
    const third = at.open({ lockProgram: program });
    assert.equal(third.path, at.path);
    assert.equal(third.origin, first.origin);
    third.close();
    readWhole(at.path);
  });
}

test('the first key is taken by another log between a look at it and its reading: the log gets one of its own', t => {
  const at = place(t);
  const keys = join(at.folder, 'keys');
  const unclaimed = join(keys, 'log.key');
  const { openSync } = fs;
  t.after(() => {
    fs.openSync = openSync;
    syncBuiltinESMExports();
  });
  let taken = false;
  fs.openSync = (path, ...more) => {
    if (path === unclaimed && !taken && fs.existsSync(unclaimed)) {
      taken = true;
      renameSync(unclaimed, join(keys, '0123456789abcdef.0.key'));
    }
    return openSync(path, ...more);
  };
  syncBuiltinESMExports();
  const log = at.open();
  assert.ok(taken);
  appendMany(log, 3);
  log.close();
  readWhole(at.path);
});
