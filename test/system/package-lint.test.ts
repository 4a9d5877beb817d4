// What lintian and rpmlint say of the packages: nothing but what is listed and argued in packaging/.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildPackages, without } from '../support/packages.js';

const skip = without('dpkg-deb', 'rpmbuild', 'lintian', 'rpmlint');
const folder = mkdtempSync(join(tmpdir(), 'checkrd-lint-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
const built = skip === false ? buildPackages(join(folder, 'out'), { flags: ['--only', 'deb,rpm'] }) : null;

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
