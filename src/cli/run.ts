/**
 * From the words after `checkrd` to an exit code.
 *
 *   in   : arguments and io
 *   out  : the exit code; every failure has been said on stderr (with `--json` on stdout)
 *   never: touches the process
 */

import { Fault } from '../core/fault.js';
import { nearest } from '../core/policy/suggest.js';
import { Misuse, readArgs } from './args.js';
import { COMMANDS } from './commands.js';
import { HELP_FLAG, JSON_FLAG } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';

/** @param version As `--version` prints it. */
export async function runCli(args: readonly string[], io: CliIo, version: string): Promise<number> {
  const [first, ...rest] = args;
  if (first === '--version' || first === '-V') {
    io.out(rest.includes('--json') ? JSON.stringify({ version }) : `checkrd ${version}`);
    return EXIT.ok;
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    const named = rest.find(word => !word.startsWith('-'));
    return named === undefined ? listCommands(io, rest.includes('--json')) : await runNamed(named, ['--help'], io);
  }
  if (first === undefined) return misuse(io, new Misuse('no command is given', '`checkrd --help` lists them'), false);
  return await runNamed(first, rest, io);
}

async function runNamed(name: string, args: readonly string[], io: CliIo): Promise<number> {
  const json = args.includes('--json');
  const row = COMMANDS.find(c => c.name === name);
  if (row === undefined) {
    const meant = nearest(
      name,
      COMMANDS.map(c => c.name),
    );
    const what = name.startsWith('-') ? `unknown flag ${name}` : `unknown command '${name}'`;
    const hint = meant === null ? '`checkrd --help` lists the commands' : `did you mean 'checkrd ${meant}'?`;
    return misuse(io, new Misuse(what, hint), json);
  }
  const command = await row.load();
  const end = args.indexOf('--');
  const flags = end === -1 ? args : args.slice(0, end);
  if (flags.includes('--help') || flags.includes('-h')) {
    io.out(json ? JSON.stringify(await described(command)) : (await import('./help.js')).helpOf(command));
    return EXIT.ok;
  }
  try {
    return await command.run(readArgs(args, command), io);
  } catch (error) {
    if (error instanceof Misuse) return misuse(io, error, json);
    if (error instanceof Fault) return failed(io, error.code, error.message, error.hint, EXIT.unknown, json);
    throw error;
  }
}

async function described(command: Command) {
  const { exitsOf, helpOf } = await import('./help.js');
  const { name, summary, flags } = command;
  return {
    name,
    summary,
    usage: helpOf(command),
    flags: Object.entries({ ...flags, json: JSON_FLAG, help: HELP_FLAG }).map(([flag, { takes, means, repeats }]) => ({
      name: flag,
      takes: takes?.called ?? null,
      values: typeof takes?.is === 'object' ? takes.is : null,
      repeats: repeats === true,
      means,
    })),
    exit: Object.fromEntries(exitsOf(command)),
  };
}

async function listCommands(io: CliIo, json: boolean): Promise<number> {
  const commands = await Promise.all(COMMANDS.map(row => row.load()));
  if (json) {
    io.out(JSON.stringify({ commands: await Promise.all(commands.map(described)) }));
    return EXIT.ok;
  }
  io.out('usage: checkrd COMMAND [arguments]\n');
  const width = Math.max(...commands.map(c => c.name.length));
  for (const command of commands) io.out(`  ${command.name.padEnd(width)}  ${command.summary}`);
  io.out('\n`checkrd COMMAND --help` says more. Exit codes: 0 done, 1 no, 2 cannot say, 64 misuse.');
  return EXIT.ok;
}

function misuse(io: CliIo, error: Misuse, json: boolean): number {
  return failed(io, 'misuse', error.message, error.hint, EXIT.misuse, json);
}

function failed(io: CliIo, code: string, message: string, hint: string | null, exit: number, json: boolean): number {
  if (json) io.out(JSON.stringify({ ok: false, errors: [{ code, message, hint }] }));
  else {
    io.err(`error: ${message}`);
    if (hint !== null) io.err(`hint: ${hint}`);
  }
  return exit;
}
