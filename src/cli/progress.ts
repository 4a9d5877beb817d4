/** How far a long reading is, on a terminal and nowhere else. */
import { performance } from 'node:perf_hooks';
import type { CliIo } from './io.js';

const EVERY_MS = 100;
const MB = 1_000_000;

export interface Progress {
  readonly read: (bytes: number) => void;
  /** Takes the line away. */
  readonly end: () => void;
}

export function progressOf({ progress }: CliIo): Progress {
  if (progress === undefined) return { read: () => {}, end: () => {} };
  let bytes = 0;
  let said = performance.now();
  return {
    read: count => {
      bytes += count;
      const now = performance.now();
      if (now - said < EVERY_MS) return;
      said = now;
      progress(`${Math.floor(bytes / MB)} MB read`);
    },
    end: () => progress(''),
  };
}
