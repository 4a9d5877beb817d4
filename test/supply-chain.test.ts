// T-48 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

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
