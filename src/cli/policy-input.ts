/**
 * The policies that a command line names: files, and `-` for YAML from standard input.
 *
 *   in   : a word of the command line
 *   out  : its bytes, or the fault that says why there are none; what messages call it, what its format follows from
 *   never: judges what it reads
 */
import { resolve } from 'node:path';
import { readPolicyBytes } from '../agent/offline.js';
import { Fault } from '../core/fault.js';
import { POLICY_JSON_MAX_BYTES } from '../core/limits.js';
import { errorCode } from '../disk/error-code.js';
import { Misuse } from './args.js';
import type { CliIo } from './io.js';
import { readUpTo } from './read-input.js';

export const isStdin = (word: string): boolean => word === '-';

/** What a message calls it. A file that is named `-` is `./-`. */
export const shownName = (word: string): string => (isStdin(word) ? 'stdin' : word);

/** Its ending tells the format. */
export const policyPath = (word: string, cwd: string): string => (isStdin(word) ? 'policy.yaml' : resolve(cwd, word));

/** @throws Misuse: it can be read once. */
export function stdinOnce(words: readonly string[]): void {
  if (words.filter(isStdin).length > 1) throw new Misuse('- is given twice', 'keep one');
}

/** Too long or unreadable is a fault of the same code from either. */
export async function readPolicyWord(word: string, io: CliIo): Promise<ReturnType<typeof readPolicyBytes>> {
  if (!isStdin(word)) return readPolicyBytes(policyPath(word, io.cwd));
  const path = shownName(word);
  try {
    const bytes = await readUpTo(io, POLICY_JSON_MAX_BYTES);
    if (bytes !== null) return { ok: true, bytes };
    return {
      ok: false,
      fault: new Fault('policy_too_large', { path, got: 'too many', limit: POLICY_JSON_MAX_BYTES }),
    };
  } catch (error) {
    return { ok: false, fault: new Fault('policy_unreadable', { path, error: errorCode(error) }, { cause: error }) };
  }
}
