/** Packages as `npm run package` makes them, hardly compressed unless asked, and what is needed to look at them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Packages {
  readonly folder: string;
  /** @param ending such as `.deb`; the one file of that kind. */
  readonly file: (ending: string) => string;
  /** What the builder told on the way. */
  readonly told: string;
}

interface More {
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly root?: string;
  /** Compressed as a release is: most of a minute for each file. */
  readonly asReleased?: boolean;
}

/** Runs the builder of a tree that is built. @param more beyond what a quick build is told */
export function buildPackages(folder: string, more: More = {}): Packages {
  const { flags = [], env = {}, root = process.cwd(), asReleased = false } = more;
  const how = asReleased ? [] : ['--fast'];
  const args = [join(root, 'packaging/build.mjs'), ...how, '--cpu', 'x64', '--out', folder, ...flags];
  const built = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  assert.equal(built.status, 0, built.stderr);
  const file = (ending: string): string => {
    const [name, ...others] = readdirSync(folder).filter(one => one.endsWith(ending));
    assert.ok(name !== undefined && others.length === 0, `${ending}: ${readdirSync(folder)}`);
    return join(folder, name);
  };
  return { folder, file, told: built.stderr };
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
