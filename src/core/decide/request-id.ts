/**
 * UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits, so that IDs sort by time.
 *
 * @param unixMs Wall clock, integer milliseconds.
 * @param random At least 10 random bytes as hexadecimal, used once; six of their bits give way to version and variant.
 */
export function uuidV7(unixMs: number, random: string): string {
  const time = Math.trunc(unixMs).toString(16).padStart(12, '0').slice(-12);
  const variant = '89ab'[Number.parseInt(random[4] as string, 16) & 3] as string;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(1, 4)}-${variant}${random.slice(5, 8)}-${random.slice(8, 20)}`;
}
