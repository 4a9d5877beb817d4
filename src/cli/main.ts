#!/usr/bin/env node
/** The process behind the command line; the only file here that knows one. */
import { once } from 'node:events';
import { homedir } from 'node:os';
import { packageVersion } from '../agent/version.js';
import { type CliIo, EXIT } from './io.js';
import { runCli } from './run.js';

/** As a shell reports a process that SIGPIPE ended: never 0, which for `verify` would mean "intact". */
const READER_GONE = 141;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(READER_GONE);
    if (stream === process.stdout) sayUnwritten(error);
    // What was found out did not arrive: never 1, which would be an answer.
    process.exit(EXIT.unknown);
  });
}

function sayUnwritten({ code, message }: NodeJS.ErrnoException): void {
  process.stderr.write(`error: standard output cannot be written (${code ?? message})\n`);
  process.stderr.write('hint: what arrived there is not whole; make room, or write elsewhere, and run it again\n');
}

const io: CliIo = {
  out: line => void process.stdout.write(`${line}\n`),
  err: line => void process.stderr.write(`${line}\n`),
  write: async text => {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  },
  ...(process.stderr.isTTY === true && { progress: text => void process.stderr.write(`\r\x1b[K${text}`) }),
  // Opened only when read: a command that takes no input must not hold a terminal.
  stdin: { [Symbol.asyncIterator]: () => process.stdin[Symbol.asyncIterator]() },
  stdoutIsTTY: process.stdout.isTTY === true,
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
};

function isDefect(detail: string): void {
  process.stderr.write(
    `error: internal error: ${detail}\nhint: this is a defect in checkrd; report it with this message\n`,
  );
}

async function run(): Promise<number> {
  try {
    return await runCli(process.argv.slice(2), io, packageVersion());
  } catch (error) {
    isDefect(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return EXIT.unknown;
  }
}

// With nothing left to wait for Node ends a program with 0, whether or not its command has answered.
process.once('beforeExit', () => {
  isDefect('the command ended without an answer');
  process.exitCode = EXIT.unknown;
});
// No `await` out here: the packages carry this as CommonJS, which has none.
void run().then(code =>
  process.stdout.write('', failed => {
    // An output that failed ends the program by its event.
    if (failed == null) process.exit(code);
  }),
);
