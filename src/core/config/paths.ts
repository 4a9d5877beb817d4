/** Paths as text: POSIX, no file system behind it. */

/** `path` as an absolute path without `.`, `..` and doubled slashes; `~/` is `home`; a relative one starts at `base`. */
export function absolutePath(path: string, base: string, home: string): string {
  const rooted =
    path === '~'
      ? home
      : path.startsWith('~/')
        ? `${home}/${path.slice(2)}`
        : path.startsWith('/')
          ? path
          : `${base}/${path}`;
  const out: string[] = [];
  for (const part of rooted.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') out.pop();
    else out.push(part);
  }
  return `/${out.join('/')}`;
}

/** The folder that `path` (absolute) stands in. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}
