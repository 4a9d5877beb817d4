/** Runs a command with arrays in place of the terminal. */
import { readArgs } from '#src/cli/args.js';
import type { CliIo, Command } from '#src/cli/io.js';

export interface CliRun {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

export function testIo(change: Partial<CliIo> = {}): CliIo & { readonly lines: string[]; readonly errors: string[] } {
  const lines: string[] = [];
  const errors: string[] = [];
  return {
    lines,
    errors,
    out: line => void lines.push(line),
    err: line => void errors.push(line),
    write: async text => void lines.push(text),
    stdin: { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }) },
    stdoutIsTTY: false,
    env: {},
    cwd: process.cwd(),
    home: '/nonexistent',
    ...change,
  };
}

export async function runCommand(
  command: Command,
  args: readonly string[],
  change: Partial<CliIo> = {},
): Promise<CliRun> {
  const io = testIo(change);
  const code = await command.run(readArgs(args, command), io);
  return { code, out: io.lines, err: io.errors };
}
