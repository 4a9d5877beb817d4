// SHA256SUMS over what was made, and its signature by a key of the project's own format: raw Ed25519 over the file's bytes.
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sha256Of } from './runtime.mjs';

/**
 * @param {string} root the repository, built
 * @param {string} out folder
 * @param {string[]} paths in it
 * @param {string | undefined} keyFile as `checkrd keygen` writes it
 * @returns {Promise<string[]>} files written
 */
export async function writeSums(root, out, paths, keyFile) {
  const lines = paths
    .map(path => `${sha256Of(path)}  ${basename(path)}\n`)
    .sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1));
  const sums = join(out, 'SHA256SUMS');
  const text = Buffer.from(lines.join(''));
  writeFileSync(sums, text);
  if (keyFile === undefined) return [sums];
  const signature = `${sums}.sig`;
  writeFileSync(signature, await signed(root, text, keyFile));
  return [sums, signature];
}

async function signed(root, text, keyFile) {
  const { readKeyFile } = await import(pathToFileURL(join(root, 'dist', 'crypto', 'read-keys.js')));
  return readKeyFile(keyFile).sign(text);
}
