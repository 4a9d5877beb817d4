/**
 * The way to a file: every folder from `/` down and every link on it, as the kernel would resolve the name.
 *
 * In: a path. Out: the steps in the order of the walk, each looked up only when the one before has been taken.
 * Who judges each step before asking for the next has a proof without a race: if nobody foreign may write a folder, what
 * was seen in it stays what it is, and so on down to the file.
 * Never: opens anything, follows a link by the kernel.
 */
import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Step {
  /** Absolute, without links in its folders. */
  readonly path: string;
  readonly stat: BigIntStats;
  readonly is: 'folder' | 'link' | 'file';
  /** Of a link: where it points, as it says. */
  readonly target: string | null;
}

/** As in the kernel. */
const MAX_LINKS = 40;

/** @throws the system's error (ENOENT, EACCES, ELOOP …) at the step that has it. */
export function* stepsTo(path: string): Generator<Step> {
  let at = '/';
  yield stepAt(at);
  let names = namesOf(path.startsWith('/') ? path : `${process.cwd()}/${path}`);
  for (let links = 0; names.length > 0; ) {
    const [name = '', ...rest] = names;
    names = rest;
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const step = stepAt(at === '/' ? `/${name}` : `${at}/${name}`);
    yield step;
    if (step.target === null) {
      at = step.path;
    } else {
      links += 1;
      if (links > MAX_LINKS) throw Object.assign(new Error(`too many links: ${path}`), { code: 'ELOOP' });
      if (step.target.startsWith('/')) at = '/';
      names = [...namesOf(step.target), ...names];
    }
  }
}

/** Every folder on the way to `path`, `/` first. @throws as {@link stepsTo} */
export function foldersTo(path: string): ReadonlyMap<string, BigIntStats> {
  const folders = new Map<string, BigIntStats>();
  for (const step of stepsTo(path)) if (step.is === 'folder') folders.set(step.path, step.stat);
  return folders;
}

function stepAt(path: string): Step {
  const stat = lstatSync(path, { bigint: true });
  if (stat.isSymbolicLink()) return { path, stat, is: 'link', target: readlinkSync(path) };
  return { path, stat, is: stat.isDirectory() ? 'folder' : 'file', target: null };
}

/** A file with more names behind it is the kernel's ENOTDIR: the lookup in it fails. */
function namesOf(path: string): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.');
}
