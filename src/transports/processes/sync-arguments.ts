/**
 * The arguments of the synchronous ways to start a program, read once.
 *
 *   in   : the arguments of spawnSync, execFileSync or execSync
 *   out  : what will be started, and the arguments for the call itself; null where Node will throw
 */
export interface Given {
  /** The program itself: of a command line, the shell. */
  readonly file: string;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  /** The arguments as they were, with these options. */
  again(options: Readonly<Record<string, unknown>>): unknown[];
}

const SHELL = '/bin/sh';

export function readFile(given: readonly unknown[]): Given | null {
  const [file, second] = given;
  const hasArgs = Array.isArray(second);
  const args = hasArgs ? second.map(String) : [];
  const options = copied(hasArgs || second === undefined || second === null ? given[2] : second);
  if (typeof file !== 'string' || options === null) return null;
  const again = (with_: Readonly<Record<string, unknown>>): unknown[] => [file, args, with_];
  const { shell } = options;
  if (!shell) return { file, args, options, again };
  return { file: shellOf(shell), args: ['-c', [file, ...args].join(' ')], options, again };
}

export function readExec([command, given]: readonly unknown[]): Given | null {
  const options = copied(given);
  if (typeof command !== 'string' || options === null) return null;
  const again = (with_: Readonly<Record<string, unknown>>): unknown[] => [command, with_];
  return { file: shellOf(options.shell), args: ['-c', command], options, again };
}

function copied(options: unknown): Record<string, unknown> | null {
  if (options === undefined || options === null) return {};
  return typeof options === 'object' ? { ...options } : null;
}

function shellOf(shell: unknown): string {
  return typeof shell === 'string' ? shell : SHELL;
}
