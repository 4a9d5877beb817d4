/**
 * The head of a request as Node will write it.
 *
 *   in   : the text that Node has made of request line and headers
 *   out  : method, target, header lines; how the body is framed
 */
import type { HeaderLines } from '../../core/decide/types.js';

export interface Head {
  readonly method: string;
  readonly target: string;
  readonly lines: HeaderLines;
  /** Bytes of body that the head announces; `chunked` says the end itself; null: nothing is announced. */
  readonly framing: number | 'chunked' | null;
}

/** Null: not a head that could be judged. */
export function readHead(text: string): Head | null {
  const rows = text.split('\r\n');
  const first = /^([^ ]+) ([^ ]+) HTTP\/1\.1$/.exec(rows[0] ?? '');
  if (first === null) return null;
  const lines: [string, string][] = [];
  let framing: Head['framing'] = null;
  // The text ends in an empty line, which splits into two empty rows.
  for (let i = 1; i < rows.length - 2; i++) {
    const row = rows[i]!;
    const colon = row.indexOf(':');
    if (colon < 1) return null;
    const name = row.slice(0, colon);
    const value = row.slice(colon + 1).trim();
    lines.push([name, value]);
    const lower = name.length === 14 || name.length === 17 ? name.toLowerCase() : '';
    if (lower === 'transfer-encoding') {
      if (value.toLowerCase() !== 'chunked' || framing !== null) return null;
      framing = 'chunked';
    } else if (lower === 'content-length') {
      // Two ways to say where a body ends are two bodies.
      if (!/^\d{1,15}$/.test(value) || framing !== null) return null;
      framing = Number(value);
    }
  }
  return { method: first[1]!, target: first[2]!, lines, framing };
}
