// T-104 of THREAT-MODEL.md. Not in the system tier: two builds of everything take a minute, and what could break it (a path, a
// clock, an order) is looked for in its parts there.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { buildPackages, said, without } from '../support/packages.js';
import { tempFolder } from '../support/temp.js';

const SOURCES = [
  'dist',
  'docs',
  'examples',
  'packaging',
  'systemd',
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
];
const MORE = ['THREAT-MODEL.md', 'package.json', 'package-lock.json'];

test('two folders, the same bytes', { skip: without('dpkg-deb', 'rpmbuild', 'tar', 'xz') }, t => {
  const folder = tempFolder(t);
  const roots = ['a', 'another/folder'].map(name => join(folder, name));
  const sums = roots.map((root, index) => {
    mkdirSync(root, { recursive: true });
    for (const name of [...SOURCES, ...MORE]) cpSync(name, join(root, name), { recursive: true });
    symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
    const env = {
      SOURCE_DATE_EPOCH: '1700000000',
      TZ: index === 0 ? 'UTC' : 'Asia/Tokyo',
      LC_ALL: index === 0 ? 'C' : 'C.UTF-8',
    };
    const mask = process.umask(index === 0 ? 0o022 : 0o077);
    try {
      return readFileSync(join(buildPackages(join(root, 'release'), { env, root }).folder, 'SHA256SUMS'), 'utf8');
    } finally {
      process.umask(mask);
    }
  });
  assert.equal(sums[0]?.trim().split('\n').length, 4);
  assert.equal(sums[0], sums[1]);
  t.diagnostic(String(sums[0]));
});

const LIBC = '/usr/aarch64-linux-gnu';
const noArm =
  without('dpkg-deb', 'qemu-aarch64-static') || (!existsSync(LIBC) && 'no libc6-arm64-cross on this machine');

test('what is made for arm64 is for arm64, and runs', { skip: noArm }, t => {
  const folder = tempFolder(t);
  const deb = buildPackages(join(folder, 'out'), { flags: ['--only', 'deb', '--cpu', 'arm64'] }).file('.deb');
  assert.equal(said('dpkg-deb', '-f', deb, 'Architecture').trim(), 'arm64');
  said('dpkg-deb', '-x', deb, join(folder, 'tree'));
  const installed = join(folder, 'tree/usr/lib/checkrd');
  const EM_AARCH64 = 183;
  assert.equal(readFileSync(join(installed, 'node')).readUInt16LE(18), EM_AARCH64);
  const run = (...args: string[]) =>
    said('qemu-aarch64-static', '-L', LIBC, join(installed, 'node'), join(installed, 'dist/cli/main.cjs'), ...args);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  assert.equal(run('--version').trim(), `checkrd ${version}`);
  assert.match(run('check', 'packaging/files/policy.yaml'), /ok, 1 rule, mode enforce, 2 tests passed/);
});
