// T-136, T-137, T-138 of THREAT-MODEL.md.
/** Promise: what docs/packages.md says of installing, upgrading and removing holds on Debian 13, without a network. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { noMachine, packageAccidents, packageLife } from '../support/package-life.js';
import { DEB, RPM } from '../support/package-steps.js';
import { type TwoVersions, twoVersions } from '../support/two-versions.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-versions-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
let made: TwoVersions | undefined;
const versions = (): TwoVersions => {
  made ??= twoVersions(folder);
  return made;
};

// RHEL and Fedora are not looked at: the .rpm is put into a Debian, by the rpm of this machine.
describe('packages on Debian 13', { concurrency: 2, skip: noMachine }, () => {
  test('a .deb from first to last: edits, keys and log are kept, a purge leaves the log', t =>
    packageLife(t, DEB, 'trixie', versions()));
  test('a .deb cut off, without room, beside somebody else’s user and files', t =>
    packageAccidents(t, DEB, 'trixie', versions()));
  test('an .rpm from first to last: edits, keys and log are kept', t => packageLife(t, RPM, 'trixie', versions()));
  test('an .rpm cut off, without room, beside somebody else’s user and files', t =>
    packageAccidents(t, RPM, 'trixie', versions()));
});
