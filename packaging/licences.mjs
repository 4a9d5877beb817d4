// The terms of what the packages carry besides our own code: each joined package and the runtime. A package whose terms stand
// only in a header of its source has them in licences/.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} root the repository
 * @param {string[]} packages joined into the program
 * @param {{ version: string, licence: string }} runtime
 * @returns {string}
 * @throws Error where a package comes without terms
 */
export function thirdPartyLicences(root, packages, runtime) {
  const parts = packages.map(name => {
    const folder = join(root, 'node_modules', name);
    const { version, license, licenses } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find(entry => /^(licen[cs]e|copying)/i.test(entry));
    const path = file === undefined ? join(root, 'packaging', 'licences', name) : join(folder, file);
    if (!existsSync(path)) throw new Error(`${name} comes without a licence`);
    return { title: `${name} ${version} (${license ?? licenses?.[0]?.type})`, text: readFileSync(path, 'utf8') };
  });
  if (!existsSync(runtime.licence)) throw new Error('the runtime comes without a licence');
  parts.push({ title: `Node.js ${runtime.version} and what it contains`, text: readFileSync(runtime.licence, 'utf8') });
  const head = 'checkrd contains the following software of others, under these terms.\n';
  return [
    head,
    ...parts.map(({ title, text }) => `${'='.repeat(80)}\n${title}\n${'='.repeat(80)}\n\n${text.trim()}\n`),
  ].join('\n');
}
