import { readFileSync } from 'node:fs';

/**
 * Whether the mount that holds `path` takes no writes, whatever the modes say. By the mount table, since Node has no
 * `statvfs`; false when it cannot be told.
 *
 * @param path absolute, without links
 */
export function isReadOnlyMount(path: string): boolean {
  try {
    let best = '';
    let options: readonly string[] = [];
    for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
      const [, point, , flags] = line.split(' ');
      if (point === undefined || flags === undefined) continue;
      const mount = point.replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
      const within = path === mount || path.startsWith(mount.endsWith('/') ? mount : `${mount}/`);
      // A later line of the same point hides the earlier one.
      if (within && mount.length >= best.length) {
        best = mount;
        options = flags.split(',');
      }
    }
    return options.includes('ro');
  } catch {
    return false;
  }
}
