import { spawnSync } from 'node:child_process';
import { chownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const NOBODY = 65_534;
/** Root may read and write everything, so what modes forbid is tried as another user; anybody else is that already. */
const other = process.getuid?.() === 0 ? NOBODY : null;

/** Gives a tree to the user that {@link asNobody} runs as. */
export function giveAway(path: string): void {
  if (other === null) return;
  chownSync(path, other, other);
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) giveAway(join(path, name));
}

/** Runs a module in a fresh process of a user whom modes bind. */
export function asNobody(code: string, env: Readonly<Record<string, string>> = {}): { out: string; err: string } {
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...env },
    ...(other === null ? {} : { uid: other, gid: other }),
  });
  return { out: done.stdout, err: done.stderr };
}
