/**
 * Promise: an operator who follows docs/operate.md from the top ends with a service that is installed, verified and enforced, and each of
 * its commands does what the page says. Here without a running systemd; test/prove/operate.test.ts boots one.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ARRIVED, OTHER_MACHINES, PAGE, pageSteps, plain } from '../support/operators-page.js';
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

test('the page, from top to bottom', { skip: missing || noOverlay() }, async t => {
  const key = join(folder, 'release');
  said(process.execPath, 'dist/cli/main.js', 'keygen', key);
  const ready = process.env.CHECKRD_READY_PACKAGES;
  const out = ready ?? buildPackages(join(folder, 'out'), { flags: ['--only', 'deb', '--sign', key] }).folder;
  const files: Record<string, string> = { [`${ARRIVED}/release.pub`]: ready ? '/tmp/operate7/release.pub' : `${key}.pub` };
  for (const name of readdirSync(out)) files[`${ARRIVED}/${name}`] = join(out, name);
  const steps = pageSteps(OTHER_MACHINES);
  const run = join(folder, 'run');
  mkdirSync(run);
  const { ends, said: around } = await runOverlaid(
    run,
    files,
    Object.fromEntries(steps.map(step => [step.name, step.script])),
  );
  const shown: string[] = [];
  const told = steps.map(({ name, block }) => `--- ${PAGE}:${block.line}\n${block.text}=> ${ends[name]?.code}\n${ends[name]?.said}\n`);
  if (process.env.CHECKRD_TOLD) writeFileSync(process.env.CHECKRD_TOLD, told.join('') + around + readFileSync(join(run, 'drive/journal'), 'utf8'));
  assert.ok(steps.length > 30);
  for (const step of steps) {
    const at = `${PAGE}:${step.block.line}: ${step.block.text}`;
    const end = ends[step.name];
    assert.ok(end !== undefined, `${at} was not taken: ${around}`);
    assert.equal(end.code, step.exit, `${at}${end.said}`);
    if (step.shown === null) continue;
    shown.push(plain(end.said));
    assert.equal(plain(end.said), step.shown.trim(), at);
  }
  t.diagnostic(`${steps.length} blocks, ${shown.length} of them compared with what the page shows`);
});
