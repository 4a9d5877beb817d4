// A staged tree as an RPM. Nothing is built by rpmbuild and nothing stripped or linked by its scripts: it packs what it is given.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DESCRIPTION, MAINTAINER, SUMMARY } from './about.mjs';
import { walk } from './stage.mjs';

const here = join(dirname(fileURLToPath(import.meta.url)), 'rpm');
const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };
/** Folders of the system's, which no package owns. */
const OURS = /^\/(etc\/checkrd|usr\/lib\/checkrd|usr\/share\/(checkrd|doc\/checkrd))(\/|$)/;
/** Those of them in which nobody else has a file. */
const ALL_OURS = ['/usr/lib/checkrd', '/usr/share/checkrd', '/usr/share/doc/checkrd'];
/** rpm unpacks `path` as `path;` and the digits of its transaction. */
const DIGITS = '[0-9a-f]'.repeat(8);

/** As {@link makeDeb}. @returns {string} the file's path */
export function makeRpm({ tree, conf, cpu, version, epoch, fast, out }) {
  const top = `${tree}.rpmbuild`;
  mkdirSync(top, { recursive: true });
  const spec = join(top, 'checkrd.spec');
  writeFileSync(spec, specOf(tree, conf, version, epoch));
  const target = ARCHITECTURES[cpu];
  const defined = {
    _topdir: top,
    _rpmdir: top,
    _buildhost: 'checkrd',
    _binary_payload: fast ? 'w.ufdio' : 'w6.xzdio',
    _build_id_links: 'none',
    __os_install_post: '%{nil}',
    __spec_install_post: '%{nil}',
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
    _staged: tree,
  };
  const defines = Object.entries(defined).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  execFileSync('rpmbuild', ['-bb', '--quiet', '--target', `${target}-unknown-linux-gnu`, ...defines, spec], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const made = walk(top).find(path => path.endsWith('.rpm'));
  const path = join(out, basename(made));
  renameSync(join(top, made), path);
  rmSync(top, { recursive: true });
  return path;
}

function specOf(tree, conf, { upstream, revision }, epoch) {
  const paths = walk(tree).map(path => `/${path}`);
  const files = paths.flatMap(path => {
    if (path.endsWith('/')) return OURS.test(path) ? [`%dir ${path.slice(0, -1)}`] : [];
    if (conf.includes(path)) return [`%config(noreplace) ${path}`];
    return path.startsWith('/usr/share/doc/') || path.startsWith('/usr/share/man/') ? [`%doc ${path}`] : [path];
  });
  const scripts = ['post', 'preun', 'postun'].map(name => {
    const text = readFileSync(join(here, name), 'utf8');
    return `%${name}\n${text.replace('@SWEEP@', () => sweep(paths))}`;
  });
  return `Name: checkrd
Version: ${upstream}
Release: ${revision}
Summary: ${SUMMARY[0].toUpperCase()}${SUMMARY.slice(1)}
License: Apache-2.0
Group: System Environment/Daemons
Packager: ${MAINTAINER}
URL: https://checkrd.invalid/
AutoReqProv: no
Requires: libc.so.6(GLIBC_2.28)(64bit)
Requires: libgcc_s.so.1()(64bit)
Requires: libstdc++.so.6(GLIBCXX_3.4.21)(64bit)
Requires(post): systemd
Requires(preun): systemd
Requires(postun): systemd
Recommends: logrotate

%description
${DESCRIPTION.map(line => (line === '.' ? '' : line)).join('\n')}

%install
cp -a %{_staged}/. %{buildroot}/

${scripts.join('\n')}
%files
%defattr(-,root,root,-)
${files.join('\n')}

%changelog
* ${day(epoch)} ${MAINTAINER} - ${upstream}-${revision}
- What changed: /usr/share/doc/checkrd/changelog.gz
`;
}

/** Shell text: takes away what an installation that was killed had begun to unpack. */
function sweep(paths) {
  const others = paths.filter(path => !path.endsWith('/') && !ALL_OURS.some(folder => path.startsWith(`${folder}/`)));
  const from = [...ALL_OURS, ...others.map(path => `${path}$begun`)].join(' \\\n  ');
  return `begun=';${DIGITS}'\nfind ${from} \\\n  -xdev -type f -name "*$begun" -delete 2>/dev/null || true`;
}

/** `Sat Nov 21 2026`, UTC. */
function day(epoch) {
  const [name, date, month, year] = new Date(epoch * 1000).toUTCString().split(/,? /);
  return `${name} ${month} ${date} ${year}`;
}
