import { Misuse } from './args.js';
import type { CliIo } from './io.js';

/**
 * All of standard input.
 *
 * @param what  How a message calls it.
 * @throws Misuse when it is longer than `max` bytes.
 */
export async function readInput(io: CliIo, max: number, what: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of io.stdin) {
    bytes += part.length;
    if (bytes > max) throw new Misuse(`${what} is over ${max} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
