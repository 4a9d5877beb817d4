/**
 * What was written beside a log about its end: the state file and the `.epochs` file.
 *
 * Both are signed by the log's own keys. They show an end that was cut off by somebody who could not, or forgot to, cut
 * them too; they are no match for what is kept on another machine.
 */
import type { LogState } from '../audit/state.js';

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
