/** Where the public test vectors lie: beside the repository, never in it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = process.env.CHECKRD_VECTORS ?? join(process.cwd(), '..', 'shared', 'vectors');

/** The path of a vector file or folder, and why a test must be skipped when it is not there. */
export function vectors(...parts: readonly string[]): { readonly path: string; readonly skip: string | false } {
  const path = join(root, ...parts);
  return { path, skip: existsSync(path) ? false : `no test vectors at ${path}; set CHECKRD_VECTORS` };
}
