/** Promise: a write that failed and could not be cut back is told from what others put at the end of a file. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { verify } from '#src/cli/verify.js';
import { decision, place } from '../support/audit-log.js';
import { runCommand } from '../support/cli-command.js';
import { eio, failOnce, halfWrite } from '../support/one-fault.js';

for (const left of ['half a line', 'the whole line'] as const) {
  test(`write_failed leaves ${left}: intact with a note; with more bytes, not`, async t => {
    const at = place(t);
    const log = at.open();
    log.append(decision(0));
    if (left === 'half a line') halfWrite(t);
    else
      failOnce(t, 'writeSync', 1, real => {
        real();
        throw eio();
      });
    failOnce(t, 'ftruncateSync', 1, () => {
      throw eio();
    });
    assert.throws(() => log.append(decision(1)), { code: 'audit_unavailable' });
    log.append(decision(2));
    log.close();
    const aside = join(dirname(at.path), 'audit.0.jsonl');
    const args = ['--key', join(at.folder, 'keys', 'origin.pub'), aside, at.path];
    const run = await runCommand(verify, args);
    assert.match(run.out[0] as string, /note: \d+ bytes left by a write that failed/, run.out.join('\n'));
    assert.equal(run.code, 0, run.out.join('\n'));
    appendFileSync(aside, 'more');
    assert.notEqual((await runCommand(verify, args)).code, 0);
  });
}

test('what a crash left of replacing the state is removed at the next start, and nothing else', t => {
  const at = place(t);
  at.open().close();
  const temps = [`${at.path}.state.tmp-123-4`, `${at.path}.state.tmp-mine`, `${at.path}.tmp-123-4`];
  for (const path of temps) writeFileSync(path, 'x');
  at.open().close();
  assert.deepEqual(
    temps.map(path => existsSync(path)),
    [false, true, true],
  );
});
