// T-09 of THREAT-MODEL.md.
/** Promise: on a network filesystem, where another machine may write the same name, each process has a log of its own. */
import assert from 'node:assert/strict';
import fs, { existsSync, readdirSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { verify } from '#src/cli/verify.js';
import { networkFilesystem } from '#src/disk/filesystem-kind.js';
import { anchorOf } from '../../support/anchor.js';
import { appendMany, place } from '../../support/audit-log.js';
import { runCommand } from '../../support/cli-command.js';

const NFS = 0x6969;

test('what the kernel calls NFS: a name of its own for each start, said, and each log verifies', async t => {
  const at = place(t);
  const real = fs.statfsSync;
  Object.assign(fs, { statfsSync: () => ({ type: NFS }) });
  syncBuiltinESMExports();
  t.after(() => {
    Object.assign(fs, { statfsSync: real });
    syncBuiltinESMExports();
  });
  const both = [at.open({ networkFilesystem }), at.open({ networkFilesystem })];
  for (const log of both) {
    assert.match(basename(log.path), /^audit\.\d+-[0-9a-f]{8}\.jsonl$/);
    appendMany(log, 5);
    log.close();
    const key = anchorOf(join(at.folder, 'keys'), log.path);
    const run = await runCommand(verify, ['--key', key, log.path]);
    assert.equal(run.code, 0, run.out.join('\n'));
  }
  assert.ok(!existsSync(at.path));
  assert.equal(readdirSync(dirname(at.path)).filter(name => name.endsWith('.lock')).length, 2);
  assert.equal(at.problems.length, 2);
  assert.match(at.problems[0] as string, /network filesystem \(nfs\).*log of its own/);
});

test('a local one: its own name is used', t => {
  const at = place(t);
  const log = at.open({ networkFilesystem });
  assert.equal(log.path, at.path);
  assert.deepEqual(at.problems, []);
  log.close();
});
