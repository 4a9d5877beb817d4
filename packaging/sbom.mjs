// A CycloneDX 1.5 bill of materials: what is joined into the program and the runtime, from the lockfiles. No clock, no chance.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} root the repository
 * @param {string[]} packages joined into the program
 * @param {'x64' | 'arm64'} cpu
 * @param {{ version: string, integrity: string, sha256: string }} runtime
 * @param {number} epoch seconds
 * @returns {string} JSON
 */
export function billOfMaterials(root, packages, cpu, runtime, epoch) {
  const read = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8'));
  const about = read('package.json');
  const lock = read('package-lock.json').packages;
  const self = `pkg:npm/checkrd@${about.version}`;
  const joined = packages.map(name => {
    const { version, integrity } = lock[`node_modules/${name}`];
    const { license, licenses } = read('node_modules', name, 'package.json');
    return component('library', name, version, license ?? licenses?.[0]?.type, integrity);
  });
  const node = {
    ...component('platform', `node-linux-${cpu}`, runtime.version, 'MIT', runtime.integrity),
    cpe: `cpe:2.3:a:nodejs:node.js:${runtime.version}:*:*:*:-:*:*:*`,
    properties: [{ name: 'checkrd:program:sha256', value: runtime.sha256 }],
  };
  const components = [...joined, node];
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString().replace('.000', ''),
      component: {
        type: 'application',
        'bom-ref': self,
        name: about.name,
        version: about.version,
        licenses: [{ license: { id: about.license } }],
        purl: self,
      },
    },
    components,
    dependencies: [
      { ref: self, dependsOn: components.map(one => one['bom-ref']) },
      ...components.map(one => ({ ref: one['bom-ref'], dependsOn: [] })),
    ],
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function component(type, name, version, license, integrity) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const content = Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
  return {
    type,
    'bom-ref': purl,
    name,
    version,
    licenses: [{ license: { id: license } }],
    hashes: [{ alg: 'SHA-512', content }],
    purl,
  };
}
