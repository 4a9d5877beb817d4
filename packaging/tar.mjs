// A staged tree as an archive for systems without dpkg and rpm: bin/, lib/, share/ and etc/ in one folder, wherever that lies.
import { execFileSync } from 'node:child_process';
import { lutimesSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Found from its own place, through links, so that a link in any folder of PATH works. */
const HERE = 'here=$(dirname -- "$(readlink -f -- "$0")")/../lib/checkrd';

/** As {@link makeDeb}; `about` is package.json. @returns {string} the file's path */
export function makeTar({ tree, cpu, epoch, fast, out, about }) {
  const launcher = join(tree, 'usr', 'bin', 'checkrd');
  const text = readFileSync(launcher, 'utf8').replace(
    'exec /usr/lib/checkrd/node /usr/lib/checkrd/dist/cli/main.cjs "$@"',
    () => `${HERE}\nexec "$here/node" "$here/dist/cli/main.cjs" "$@"`,
  );
  if (!text.includes(HERE)) throw new Error('tar: the launcher does not end as it did');
  writeFileSync(launcher, text);
  for (const name of ['bin', 'lib', 'share']) renameSync(join(tree, 'usr', name), join(tree, name));
  rmSync(join(tree, 'usr'), { recursive: true });
  for (const path of [join(tree, 'bin', 'checkrd'), tree]) lutimesSync(path, epoch, epoch);

  const name = `checkrd-${about.version}-linux-${cpu}`;
  const path = join(out, `${name}.tar.xz`);
  const how = ['--sort=name', '--format=gnu', `--mtime=@${epoch}`, '--owner=0', '--group=0', '--numeric-owner'];
  const as = `--transform=s,^${basename(tree)},${name},`;
  const press = ['-I', `xz -T1 -${fast ? 0 : 6}`];
  execFileSync('tar', [...how, as, ...press, '-cf', path, '-C', join(tree, '..'), basename(tree)]);
  return path;
}
