/** Runs a command line without a process: arrays in, arrays out. */
import type { CliIo } from '#src/cli/io.js';
import { runCli } from '#src/cli/run.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CliSurroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  readonly tty?: boolean;
}

export async function cli(args: readonly string[], around: CliSurroundings = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const io: CliIo = {
    out: line => {
      out += `${line}\n`;
    },
    err: line => {
      err += `${line}\n`;
    },
    write: async text => {
      out += text;
    },
    stdin: (async function* () {
      if (around.stdin !== undefined) yield Buffer.from(around.stdin);
    })(),
    stdoutIsTTY: around.tty ?? false,
    env: around.env ?? {},
    cwd: around.cwd ?? '/',
    home: '/nonexistent',
  };
  const code = await runCli(args, io, '1.2.3');
  return { code, out, err };
}
