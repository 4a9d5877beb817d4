import type { Args } from './args.js';
import type { Flags, Operands } from './flags.js';

/**
 * What a command may touch. Tests pass arrays; main.ts passes the process.
 *
 * The rule of the terminal: results go to stdout, everything about the run to stderr (`error: …`, then `hint: …`);
 * with `--json` stdout carries JSON and nothing else. Exit codes: 0 done, 1 the answer is no, 2 cannot say, 64 misuse;
 * a command's help says what its own answer is.
 */
export interface CliIo {
  /** Writes one line to stdout. */
  out(line: string): void;
  /** Writes one line to stderr. */
  err(line: string): void;
  /** Writes text to stdout as it is; resolves when more may follow. */
  write(text: string): Promise<void>;
  /** Writes over the status line of a terminal on stderr, an empty text takes it away; absent where stderr is none. */
  readonly progress?: (text: string) => void;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdoutIsTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  readonly home: string;
}

/** A row of the command line, whole: what reads the arguments and every text about it follow this table. */
export interface Command {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** Each way to call it, without `checkrd NAME`; empty: with nothing. */
  readonly synopsis: readonly string[];
  /** Paragraphs with an empty line between them; lines that begin with spaces stand as they are. */
  readonly about: string;
  /** What its first word may be, and what each does; absent where that is no choice. */
  readonly acts?: Readonly<Record<string, string>>;
  /** Absent: it takes no words. */
  readonly operands?: Operands;
  readonly flags: Flags;
  /** What is to be said after the flags, as `about`. */
  readonly notes?: string;
  /** What its exit codes 0, 1 and 2 say; 64 is misuse everywhere. */
  readonly exit: { readonly ok: string; readonly no?: string; readonly unknown?: string };
  /** @returns the exit code. */
  run(given: Args, io: CliIo): Promise<number>;
}

export const EXIT = { ok: 0, no: 1, unknown: 2, misuse: 64 } as const;
