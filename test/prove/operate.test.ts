/**
 * Promise: docs/operate.md from top to bottom under a real systemd, in a small Debian with the `.deb` (test/system/operate.test.ts has a
 * stand-in for systemctl); and its blocks for other machines, in a root laid over this one.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { boot, noMachine, rootCopy } from '../support/booted-root.js';
import { put } from '../support/debian-root.js';
import { ARRIVED, checkSteps, OTHER_MACHINES, pageSteps } from '../support/operators-page.js';
import { runOverlaid } from '../support/overlaid-root.js';
import { buildPackages, said, without } from '../support/packages.js';
import { tempFolder } from '../support/temp.js';

// The minimal root has neither: the check of the signature runs in the system tier, and what asks the sockets is this.
const NO_OPENSSL = 'openssl pkeyutl';
const CURL = `#!/usr/lib/checkrd/node
const words = process.argv.slice(2);
const after = name => { const at = words.indexOf(name); return at < 0 ? undefined : words.splice(at, 2)[1]; };
const socketPath = after('--unix-socket');
const body = after('-d');
const { pathname } = new URL(words.at(-1));
require('node:http').request({ socketPath, path: pathname, method: body === undefined ? 'GET' : 'POST' }, answer => answer.pipe(process.stdout))
  .on('error', error => { console.error(error.code); process.exitCode = 7; }).end(body);
`;

test('the page under a booted systemd', { skip: noMachine || without('dpkg-deb') }, async t => {
  const folder = tempFolder(t);
  const packages = buildPackages(join(folder, 'out'), { flags: ['--only', 'deb'] });
  const root = rootCopy(t, 'bookworm');
  mkdirSync(join(root, ARRIVED), { recursive: true });
  for (const name of readdirSync(packages.folder)) cpSync(join(packages.folder, name), join(root, ARRIVED, name));
  put(root, '/usr/bin/curl', CURL, 0o755);
  const steps = pageSteps([...OTHER_MACHINES, NO_OPENSSL]);
  const ends = await boot(root, Object.fromEntries(steps.map(step => [step.name, step.script])));
  checkSteps(steps, ends, '');
  t.diagnostic(`${steps.length} blocks`);
});

const noRpm =
  process.getuid?.() !== 0 ? 'only root can' : without('unshare', 'rpm', 'rpmbuild', 'xz', 'setpriv', 'curl');

test('the blocks for machines with RPM, and for others', { skip: noRpm }, async t => {
  const folder = tempFolder(t);
  const key = join(folder, 'release');
  said(process.execPath, 'dist/cli/main.js', 'keygen', key);
  const packages = buildPackages(join(folder, 'out'), { flags: ['--only', 'rpm,tar'] });
  const files = Object.fromEntries(
    readdirSync(packages.folder).map(name => [`${ARRIVED}/${name}`, join(packages.folder, name)]),
  );
  const steps = pageSteps([]).filter(({ block }) => OTHER_MACHINES.some(piece => block.text.includes(piece)));
  assert.equal(steps.length, OTHER_MACHINES.length);
  // RPM knows of no package here, as this machine is Debian: what the package needs it finds, but not by RPM's word.
  const scripts = steps.map(({ name, script }) => [name, script.replace('rpm -U', 'rpm -U --nodeps')]);
  const { ends, said: around } = await runOverlaid(join(folder, 'run'), files, Object.fromEntries(scripts));
  checkSteps(steps, ends, around);
});
