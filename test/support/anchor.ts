import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The `.pub` file of the log that the file at `path` belongs to. */
export function anchorOf(keysDir: string, path: string): string {
  const [, id = ''] = /"log":"[^"]*\/([0-9a-f]{16})"/.exec(readFileSync(path, 'utf8')) ?? [];
  return join(keysDir, `${id}.pub`);
}
