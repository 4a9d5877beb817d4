/**
 * Which files a program of Node loads, as V8 itself counts them.
 *
 *   in   : a program of Node and its words; a folder, whose files alone are told
 *   out  : their paths within that folder, sorted
 *   never: counts what Node has built in
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Coverage {
  readonly result: readonly { readonly url: string }[];
}

export function filesLoaded(args: readonly string[], within: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-loaded-'));
  try {
    const env = { PATH: process.env.PATH, NODE_V8_COVERAGE: folder };
    const run = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`${args.join(' ')}: ${run.status} ${run.stderr}`);
    const base = `${pathToFileURL(realpathSync(within)).href}/`;
    const urls = readdirSync(folder).flatMap(name => {
      const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Coverage;
      return result.map(({ url }) => url);
    });
    return urls.flatMap(url => (url.startsWith(base) ? [url.slice(base.length)] : [])).sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
