/** Codes of deflate (RFC 1951 §3.2.2) as tables that are looked up by the next bits. */

/** Entry: symbol × 16 + length of its code; 0 where no code begins. */
export interface CodeTable {
  readonly entries: Uint16Array;
  /** Bits to look at. */
  readonly bits: number;
}

const LENGTH_MAX = 15;

/**
 * @param lengths Of each symbol's code, 0 for none.
 * @param loose Whether a single code of one bit may stand alone, as zlib allows.
 * @returns null for lengths that make no prefix code
 */
export function codeTable(lengths: Uint8Array, loose: boolean): CodeTable | null {
  const counts = new Uint16Array(LENGTH_MAX + 1);
  for (const length of lengths) if (length > 0) counts[length] = (counts[length] as number) + 1;
  let bits = LENGTH_MAX;
  while (bits > 0 && counts[bits] === 0) bits--;
  if (bits === 0) return loose ? { entries: new Uint16Array(1), bits: 0 } : null;
  const next = new Uint16Array(LENGTH_MAX + 2);
  let left = 1;
  for (let length = 1; length <= LENGTH_MAX; length++) {
    const count = counts[length] as number;
    left = left * 2 - count;
    if (left < 0) return null;
    next[length + 1] = ((next[length] as number) + count) << 1;
  }
  if (left > 0 && !(loose && bits === 1)) return null;
  const entries = new Uint16Array(1 << bits);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] as number;
    if (length === 0) continue;
    const code = next[length] as number;
    next[length] = code + 1;
    for (let at = reversed(code, length); at < entries.length; at += 1 << length) entries[at] = symbol * 16 + length;
  }
  return { entries, bits };
}

/** Codes are packed from their most significant bit, all else from the least. */
function reversed(code: number, length: number): number {
  let from = code;
  let to = 0;
  for (let i = 0; i < length; i++) {
    to = (to << 1) | (from & 1);
    from >>= 1;
  }
  return to;
}
