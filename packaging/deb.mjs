// A staged tree as a Debian package. Dpkg's own builder writes it; SOURCE_DATE_EPOCH makes it write the same bytes again.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, lutimesSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DESCRIPTION, MAINTAINER, SUMMARY } from './about.mjs';
import { walk } from './stage.mjs';

const here = join(dirname(fileURLToPath(import.meta.url)), 'deb');
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

/** What `ldd` says of the runtime, and what lays out users and folders. systemd-notify and flock come with every systemd. */
const DEPENDS = [
  'libc6 (>= 2.28)',
  'libgcc-s1 (>= 3.4)',
  'libstdc++6 (>= 5)',
  'systemd | systemd-standalone-sysusers',
  'systemd | systemd-standalone-tmpfiles',
].join(', ');

/**
 * @param {object} given
 * @param {string} given.tree staged
 * @param {string[]} given.conf
 * @param {'x64' | 'arm64'} given.cpu
 * @param {{ upstream: string, revision: string }} given.version
 * @param {number} given.epoch seconds
 * @param {boolean} given.fast hardly compressed, for tests
 * @param {string} given.out folder
 * @returns {string} the file's path
 */
export function makeDeb({ tree, conf, cpu, version, epoch, fast, out }) {
  const control = join(tree, 'DEBIAN');
  mkdirSync(control);
  chmodSync(control, 0o755);
  const files = walk(tree).filter(path => !path.endsWith('/') && !path.startsWith('DEBIAN'));
  const put = (name, text) => {
    writeFileSync(join(control, name), text);
    chmodSync(join(control, name), 0o644);
  };
  const number = `${version.upstream}-${version.revision}`;
  const architecture = ARCHITECTURES[cpu];
  const sizeKib = files.reduce((sum, path) => sum + Math.ceil(statSync(join(tree, path)).size / 1024), 0);
  put('md5sums', files.map(path => `${md5(join(tree, path))}  ${path}\n`).join(''));
  put('conffiles', conf.map(path => `${path}\n`).join(''));
  put(
    'control',
    `Package: checkrd
Version: ${number}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${sizeKib}
Depends: ${DEPENDS}
Recommends: logrotate
Section: admin
Priority: optional
Description: ${SUMMARY}
${DESCRIPTION.map(line => ` ${line}\n`).join('')}`,
  );
  for (const name of ['postinst', 'prerm', 'postrm']) {
    copyFileSync(join(here, name), join(control, name));
    chmodSync(join(control, name), 0o755);
  }
  for (const name of walk(control)) lutimesSync(join(control, name), epoch, epoch);
  for (const folder of [control, tree]) lutimesSync(folder, epoch, epoch);
  const path = join(out, `checkrd_${number}_${architecture}.deb`);
  const pressed = fast ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6', '--threads-max=1'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...pressed, '--build', tree, path], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return path;
}

function md5(path) {
  return createHash('md5').update(readFileSync(path)).digest('hex');
}
