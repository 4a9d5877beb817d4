import { resolve } from 'node:path';
import type { LoadError } from '../agent/decider.js';
import { readPolicyDocuments } from '../agent/offline.js';
import { type Args, Misuse } from './args.js';
import { type CliIo, EXIT } from './io.js';

type Read = Extract<ReturnType<typeof readPolicyDocuments>, { ok: true }>;
interface NamedPolicy {
  readonly path: string;
  readonly documents: Read['documents'];
}

/**
 * The policy that `--policy` names, with its layers if `--layers` is given; or the exit code, and why is said by then.
 * @throws Misuse
 */
export function readNamedPolicy(given: Args, io: CliIo): NamedPolicy | number {
  const path = given.text('policy');
  if (path === null) throw new Misuse('no policy is given', 'add --policy FILE');
  const read = readPolicyDocuments(resolve(io.cwd, path), given.on('layers'));
  return read.ok ? { path, documents: read.documents } : sayLoadErrors(path, read.errors, given.on('json'), io);
}

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
