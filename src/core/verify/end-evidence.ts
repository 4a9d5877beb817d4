/**
 * What was written beside a log about its end: the state file and the `.epochs` file.
 *
 * Both are signed by the log's own keys. They show an end that was cut off by somebody who could not, or forgot to, cut
 * them too; they are no match for what is kept on another machine.
 */
import { type LogState, parseState } from '../audit/state.js';
import { fromUtf8 } from '../bytes.js';
import type { Ed25519Verify } from '../ports.js';

export interface Beside {
  /** Lines of the `.epochs` files, without newlines. */
  readonly epochs: readonly Uint8Array[];
  readonly state: StateBeside | null;
  /** False when the log's current file is there and was not given: then an early end is no surprise. */
  readonly judgesEnd: boolean;
}

export interface StateBeside {
  readonly file: string;
  readonly state: LogState;
  /** Whether `publicKey` signed it. */
  readonly signedBy: (publicKey: Uint8Array) => boolean;
}

export const NOTHING_BESIDE: Beside = { epochs: [], state: null, judgesEnd: false };

/** What the line of a state file says, whoever signed it; null when it has not the form of one. `file`: how to call it. */
export function stateBeside(verify: Ed25519Verify, file: string, line: Uint8Array | undefined): StateBeside | null {
  const text = line && fromUtf8(line);
  if (typeof text !== 'string') return null;
  const parse = (check: Ed25519Verify, key: Uint8Array) => parseState(check, key, `${text}\n`);
  const state = parse(() => true, new Uint8Array(0));
  return state && { file, state, signedBy: key => parse(verify, key) !== null };
}

/** The lines of an `.epochs` file that are of that log. */
export function epochsOf(origin: string, lines: readonly Uint8Array[]): readonly Uint8Array[] {
  return lines.filter(line => fromUtf8(line)?.includes(`"log":"${origin}"`));
}
