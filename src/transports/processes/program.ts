/**
 * Whether a program to be started is this Node, and will preload what its environment says.
 *
 *   in   : the program's file, its arguments without the first, which is its name
 *   out  : true only where nothing among the flags makes Node do something else than run a guarded program
 *   never: believes a name: another `node` may be anything
 */

/** Flags with which Node runs a program of another kind, or none that preloads. */
const ELSEWHERE =
  /^--(run|snapshot-blob|build-snapshot|build-snapshot-config|prof-process|experimental-sea-config|build-sea|node-snapshot|no-.*)(=|$)/;

export function inherits(file: string, args: readonly string[]): boolean {
  if (file !== process.execPath) return false;
  for (const arg of args) {
    if (!arg.startsWith('-')) return arg !== 'inspect';
    // What follows is the program's.
    if (arg === '--' || arg === '-') return true;
    if (ELSEWHERE.test(arg.replaceAll('_', '-'))) return false;
  }
  return true;
}
