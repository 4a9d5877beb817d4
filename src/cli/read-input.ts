import { Misuse } from './args.js';
import type { CliIo } from './io.js';

/**
 * All of standard input.
 *
 * @param what  How a message calls it.
 * @throws Misuse when it is longer than `max` bytes.
 */
export async function readInput(io: CliIo, max: number, what: string): Promise<Uint8Array> {
  const bytes = await readUpTo(io, max);
  if (bytes === null) throw new Misuse(`${what} is over ${max} bytes`);
  return bytes;
}

/** All of standard input; null when it is longer than `max` bytes. */
export async function readUpTo(io: CliIo, max: number): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of io.stdin) {
    bytes += part.length;
    if (bytes > max) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
