/** Exact decimals: an integer and a power of ten. */
export interface Exact {
  readonly mantissa: bigint;
  readonly power: number;
}

/** An operand, which is known to be a decimal. */
export function exactly(text: string): Exact {
  const read = readExact(text);
  if (typeof read === 'string') throw new Error(`no decimal: ${text}`);
  return read;
}

const STRICT = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
const LENIENT = /^[ \t\r\n]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\r\n]*$/;

/** By JSON's grammar; `oversized` past 1,024 significant digits or an exponent of ±100,000. */
export function readExact(text: string): Exact | 'oversized' | 'lenient' | 'none' {
  const match = STRICT.exec(text);
  if (match === null) return LENIENT.test(text) ? 'lenient' : 'none';
  const [, minus, whole = '', fraction = '', exponent = '0'] = match;
  const significant = (whole + fraction).replace(/^0+|0+$/g, '');
  if (significant.length > 1024 || Math.abs(Number(exponent)) > 100_000) return 'oversized';
  const mantissa = BigInt(whole + fraction) * (minus === '-' ? -1n : 1n);
  return { mantissa, power: Number(exponent) - fraction.length };
}

/** Sign of a − b. Magnitudes first, so that no huge power is ever written out. */
export function compareExact(a: Exact, b: Exact): number {
  const [signA, signB] = [sign(a), sign(b)];
  if (signA !== signB) return signA - signB;
  if (signA === 0) return 0;
  const [topA, topB] = [top(a), top(b)];
  if (topA !== topB) return (topA > topB ? 1 : -1) * signA;
  const low = Math.min(a.power, b.power);
  const left = a.mantissa * 10n ** BigInt(a.power - low);
  const right = b.mantissa * 10n ** BigInt(b.power - low);
  return left === right ? 0 : left > right ? 1 : -1;
}

const sign = (x: Exact): number => (x.mantissa === 0n ? 0 : x.mantissa > 0n ? 1 : -1);
const top = (x: Exact): number => String(x.mantissa).replace('-', '').length + x.power;
