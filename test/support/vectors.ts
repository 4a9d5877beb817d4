/** Public test vectors, kept outside the repository. A test that finds none says so and is skipped. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.env.CHECKRD_VECTORS ?? join(process.cwd(), '..', 'shared', 'vectors');

/** Why the vectors under `part` cannot be used, or false; fits node:test's `skip`. */
export function vectorsMissing(part: string): string | false {
  const path = join(root, part);
  return existsSync(path) ? false : `no test vectors at ${path} (set CHECKRD_VECTORS)`;
}

export function vectorJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

export function vectorText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Paths of all files under `part`, relative to the vectors' root, sorted. */
export function vectorFiles(part: string): readonly string[] {
  return readdirSync(join(root, part), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(part, entry.parentPath.slice(join(root, part).length), entry.name))
    .sort();
}

/** The path of a vector file or folder, and why a test must be skipped when it is not there. */
export function vectors(...parts: readonly string[]): { readonly path: string; readonly skip: string | false } {
  const part = join(...parts);
  return { path: join(root, part), skip: vectorsMissing(part) };
}
