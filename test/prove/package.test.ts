// T-104 of THREAT-MODEL.md. Not in the system tier: two builds of everything take a minute, and what could break it (a path, a
// clock, an order) is looked for in its parts there.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
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

test('two folders, the same bytes, compressed as a release is', {
  skip: without('dpkg-deb', 'rpmbuild', 'tar', 'xz'),
}, t => {
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
      const { folder: out, told } = buildPackages(join(root, 'release'), { env, root, asReleased: true });
      t.diagnostic(told);
      return readFileSync(join(out, 'SHA256SUMS'), 'utf8');
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
  const packages = buildPackages(join(folder, 'out'), { flags: ['--only', 'deb,tar', '--cpu', 'arm64'] });
  const deb = packages.file('.deb');
  assert.equal(said('dpkg-deb', '-f', deb, 'Architecture').trim(), 'arm64');
  const [unpacked, archived] = ['deb', 'tar'].map(name => join(folder, name)) as [string, string];
  said('dpkg-deb', '-x', deb, unpacked);
  mkdirSync(archived);
  said('tar', '-xf', packages.file('.tar.xz'), '-C', archived, '--strip-components=1');
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  for (const lib of [join(unpacked, 'usr/lib/checkrd'), join(archived, 'lib/checkrd')]) {
    emulated(lib);
    const run = (...args: string[]) => said(join(lib, 'node'), join(lib, 'dist/cli/main.cjs'), ...args);
    assert.equal(run('--version').trim(), `checkrd ${version}`);
    assert.match(run('check', 'packaging/files/policy.yaml'), /ok, 1 rule, mode enforce, 2 tests passed/);
  }
  // The archive's own way in, by a link from elsewhere.
  symlinkSync(join(archived, 'bin/checkrd'), join(folder, 'checkrd'));
  assert.equal(said(join(folder, 'checkrd'), '--version').trim(), `checkrd ${version}`);
});

/** In the place of the other processor's program comes one that has it run by qemu. */
function emulated(lib: string): void {
  const [node, other] = [join(lib, 'node'), join(lib, 'node.arm64')];
  const EM_AARCH64 = 183;
  assert.equal(readFileSync(node).readUInt16LE(18), EM_AARCH64);
  renameSync(node, other);
  writeFileSync(node, `#!/bin/sh\nexec qemu-aarch64-static -L ${LIBC} ${other} "$@"\n`, { mode: 0o755 });
}
