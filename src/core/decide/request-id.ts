/**
 * UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits, so that IDs sort by time.
 *
 * @param unixMs Wall clock, integer milliseconds.
 * @param random At least 10 random bytes, used once.
 */
export function uuidV7(unixMs: number, random: Uint8Array): string {
  const time = Math.trunc(unixMs).toString(16).padStart(12, '0').slice(-12);
  const byte = (i: number): number => random[i] as number;
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  const a = hex(0x70 | (byte(0) & 0x0f)) + hex(byte(1));
  const b = hex(0x80 | (byte(2) & 0x3f)) + hex(byte(3));
  let c = '';
  for (let i = 4; i < 10; i++) c += hex(byte(i));
  return `${time.slice(0, 8)}-${time.slice(8)}-${a}-${b}-${c}`;
}
