/** What the verifier page says of files on disk, and what `checkrd verify --json` says, in a form to compare. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Report } from '#src/core/verify/findings.js';
import type { Dropped } from '#src/page/dropped.js';
import { expectedEndOf, keysOf } from '#src/page/inputs.js';
import { verifyDropped } from '#src/page/verify-dropped.js';

const dropped = (path: string): Dropped => ({ name: basename(path), bytes: new Blob([readFileSync(path)]) });
const RUN = { read: () => {}, breathe: async () => {} };

/** @param key Text of the public keys, one a line. State and `.epochs` files are taken from beside the files. */
export async function pageSays(paths: readonly string[], key: string, expect = ''): Promise<readonly Report[]> {
  const folders = [...new Set(paths.map(path => dirname(path)))];
  const beside = folders.flatMap(folder =>
    readdirSync(folder)
      .filter(name => /\.(state|epochs)$/.test(name))
      .map(name => dropped(join(folder, name))),
  );
  const given = { files: paths.map(dropped), beside, keys: keysOf(key), expect: expectedEndOf(expect) };
  return await verifyDropped(given, RUN);
}

/** The page knows names only, the command paths. */
export function withoutFolder(reports: readonly Report[], folder: string): readonly Report[] {
  return JSON.parse(JSON.stringify(reports).replaceAll(`${folder}/`, '')) as readonly Report[];
}
