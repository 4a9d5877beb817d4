import type { LoadError } from '../agent/decider.js';
import { type CliIo, EXIT } from './io.js';

/** Says why a policy does not load, as every command that decides does; the exit code. */
export function sayLoadErrors(policy: string, errors: readonly LoadError[], json: boolean, io: CliIo): number {
  if (json) io.out(JSON.stringify({ ok: false, errors }));
  for (const e of json ? [] : errors) {
    const file = e.path ?? policy;
    const place = e.line === null ? file : `${file}:${e.line}:${e.column}`;
    io.err(`${place}: error: ${e.message}${e.suggestion === null ? '' : `; ${e.suggestion}`} [${e.code}]`);
  }
  return EXIT.unknown;
}
