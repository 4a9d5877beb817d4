/**
 * Promise: an operator who follows docs/operate.md from the top ends with a service that is installed, verified and enforced, and each of
 * its commands does what the page says. Here without a running systemd; test/prove/operate.test.ts boots one.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ARRIVED, checkSteps, OTHER_MACHINES, pageSteps } from '../support/operators-page.js';
import { runOverlaid } from '../support/overlaid-root.js';
import { buildPackages, said, without } from '../support/packages.js';

const missing = without('dpkg', 'dpkg-deb', 'unshare', 'logrotate', 'openssl', 'curl', 'setpriv', 'systemd-sysusers');
const folder = mkdtempSync(join(tmpdir(), 'checkrd-operate-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

function noOverlay(): string | false {
  if (process.arch !== 'x64') return 'the runtime of this test is for x64';
  if (existsSync('/usr/bin/checkrd')) return 'checkrd is installed on this machine';
  const tried = spawnSync('unshare', [
    ...['--mount', 'sh', '-ec'],
    `mkdir ${folder}/try; mount -t tmpfs t ${folder}/try; cd ${folder}/try; mkdir u w r; mount -t overlay t -o lowerdir=/,upperdir=u,workdir=w r`,
  ]);
  return tried.status !== 0 && 'this machine lets nobody lay one folder over another';
}

test('the page, from top to bottom', { skip: missing || noOverlay(), timeout: 1_000_000 }, async t => {
  const key = join(folder, 'release');
  said(process.execPath, 'dist/cli/main.js', 'keygen', key);
  const { folder: out } = buildPackages(join(folder, 'out'), { flags: ['--only', 'deb', '--sign', key] });
  const files: Record<string, string> = { [`${ARRIVED}/release.pub`]: `${key}.pub` };
  for (const name of readdirSync(out)) files[`${ARRIVED}/${name}`] = join(out, name);
  const steps = pageSteps(OTHER_MACHINES);
  const run = join(folder, 'run');
  mkdirSync(run);
  const { ends, said: around } = await runOverlaid(
    run,
    files,
    Object.fromEntries(steps.map(step => [step.name, step.script])),
  );
  assert.ok(steps.length > 30);
  checkSteps(steps, ends, around);
  t.diagnostic(`${steps.length} blocks`);
});
