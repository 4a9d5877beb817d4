/** Packages as `npm run package` makes them, hardly compressed, and what is needed to look at them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Packages {
  readonly folder: string;
  /** @param ending such as `.deb`; the one file of that kind. */
  readonly file: (ending: string) => string;
}

/** Runs the builder of a tree that is built. @param more flags and variables beyond those of a quick build. */
export function buildPackages(
  folder: string,
  more: { readonly flags?: readonly string[]; readonly env?: NodeJS.ProcessEnv; readonly root?: string } = {},
): Packages {
  const { flags = [], env = {}, root = process.cwd() } = more;
  const args = [join(root, 'packaging/build.mjs'), '--fast', '--cpu', 'x64', '--out', folder, ...flags];
  const built = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  assert.equal(built.status, 0, built.stderr);
  const file = (ending: string): string => {
    const [name, ...others] = readdirSync(folder).filter(one => one.endsWith(ending));
    assert.ok(name !== undefined && others.length === 0, `${ending}: ${readdirSync(folder)}`);
    return join(folder, name);
  };
  return { folder, file };
}

/** A reason to skip where a program is not there; false where all are. */
export function without(...programs: readonly string[]): string | false {
  const missing = programs.filter(name => spawnSync(name, ['--version']).error !== undefined);
  return missing.length === 0 ? false : `no ${missing.join(', ')} on this machine`;
}

/** What a program said, which must end well. */
export function said(program: string, ...args: readonly string[]): string {
  const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  assert.equal(done.status, 0, `${program} ${args.join(' ')}: ${done.stderr}${done.error?.message ?? ''}`);
  return done.stdout;
}
