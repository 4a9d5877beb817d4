// What lintian and rpmlint say of the packages: nothing but what is listed and argued in packaging/.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { signedPackages, without } from '../support/packages.js';

const skip = without('dpkg-deb', 'rpmbuild', 'lintian', 'rpmlint');
const built = skip === false ? signedPackages() : null;

/** Lines that name a mistake or a doubt. */
function complaints(text: string): string[] {
  const found = text.split('\n').filter(line => /^[EW]: |: [EW]: /.test(line));
  return existsSync('dist/man') ? found : found.filter(line => !line.includes('no-manual-page'));
}

test('lintian', { skip }, () => {
  const { stdout, stderr } = spawnSync('lintian', ['--allow-root', built!.file('.deb')], { encoding: 'utf8' });
  assert.deepEqual(complaints(stdout + stderr), []);
});

test('rpmlint', { skip }, () => {
  const { status, stdout } = spawnSync('rpmlint', ['-c', 'packaging/rpmlint.toml', built!.file('.rpm')], {
    encoding: 'utf8',
  });
  assert.match(stdout, /1 packages and 0 specfiles checked/);
  assert.deepEqual(complaints(stdout), []);
  assert.equal(status, 0, stdout);
});
