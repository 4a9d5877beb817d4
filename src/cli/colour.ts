/** Colour only for a person: a terminal, and no wish against it (no-color.org). */
import type { CliIo } from './io.js';

const CODES = { red: 31, green: 32, yellow: 33, bold: 1 } as const;

export function painter(io: CliIo): (colour: keyof typeof CODES, text: string) => string {
  const none = !io.stdoutIsTTY || (io.env.NO_COLOR ?? '') !== '' || io.env.TERM === 'dumb';
  return (colour, text) => (none ? text : `\u001b[${CODES[colour]}m${text}\u001b[0m`);
}
