/**
 * Promise: whatever happens to a real log, `verify` says what an operator has to know, and names the place; and the verifier
 * page says the very same.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { verify } from '#src/cli/verify.js';
import type { Report } from '#src/core/verify/findings.js';
import { runCommand } from '../support/cli-command.js';
import { HISTORIES, LabLog } from '../support/histories.js';
import { pageSays, withoutFolder } from '../support/page.js';

for (const { name, exit, first, run } of HISTORIES) {
  test(`${exit}: ${name}`, async t => {
    const log = new LabLog();
    t.after(() => log.remove());
    run(log);
    const verified = await runCommand(verify, ['--json', '--key', log.key, ...log.files()]);
    const { logs } = JSON.parse(verified.out.join('')) as { logs: Report[] };
    const found = logs.flatMap(report => report.findings);
    const [finding] = found;
    const said = finding && `${finding.code} ${basename(finding.place?.file ?? '')}:${finding.place?.line}`;
    assert.equal(said, first, JSON.stringify(found, null, 1));
    assert.equal(verified.code, exit);
    const page = await pageSays(log.files(), readFileSync(log.key, 'utf8'));
    assert.deepEqual(page, withoutFolder(logs, join(log.folder, 'log')));
  });
}

test('the end given from elsewhere finds what the files cannot show', async t => {
  const log = new LabLog();
  t.after(() => log.remove());
  const history = HISTORIES.find(({ name }) => name.startsWith('log and state set back'));
  log.ended();
  const before = await runCommand(verify, ['--key', log.key, log.path]);
  const head = before.out.find(line => line.startsWith('head'))?.split(/\s+/)[1] as string;
  const other = new LabLog();
  t.after(() => other.remove());
  history?.run(other);
  const expected = await runCommand(verify, ['--key', other.key, '--expect', head, ...other.files()]);
  assert.equal(expected.code, 1);
  assert.match(expected.out[0] as string, /^expect_mismatch: /);
});

test('an accounted end is said, and does not change the verdict', async t => {
  const log = new LabLog();
  t.after(() => log.remove());
  HISTORIES.find(({ name }) => name === 'NULs at the end')?.run(log);
  const run = await runCommand(verify, ['--key', log.key, ...log.files()]);
  assert.match(run.out[0] as string, /audit\.0\.jsonl:18: note: 4096 bytes damaged before the writer went on/);
  assert.equal(run.out.at(-1), 'INTACT');
});
