/** Promise: the verifier, which shares no code with the writer but the format, calls an honest log intact. */
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { verify } from '#src/cli/verify.js';
import { appendMany, place } from '../../support/audit-log.js';
import { runCommand } from '../../support/cli-command.js';

test('restarts and rotations: intact, signed to the end', async t => {
  const at = place(t);
  for (let round = 0; round < 3; round += 1) {
    const log = at.open();
    appendMany(log, 200, round * 1000);
    renameSync(at.path, `${at.path}.${round}`);
    log.reopen();
    appendMany(log, 1500, round * 1000 + 500);
    await sleep(50);
    log.close();
  }
  const files = [0, 1, 2].map(n => `${at.path}.${n}`);
  const args = ['--key', join(at.folder, 'keys', 'origin.pub'), ...files.reverse(), at.path];
  const run = await runCommand(verify, args);
  assert.equal(run.code, 0, [...run.out, ...run.err].join('\n'));
  const first = await runCommand(verify, [...args.slice(0, 2), ...args.slice(3)]);
  assert.notEqual(first.code, 0, 'a file left out is missed');
});
