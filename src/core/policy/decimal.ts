/**
 * Exact decimals from their source text; nothing passes through a double.
 */
import { DECIMAL_MAX_DIGITS, DECIMAL_MAX_EXPONENT } from '../limits.js';
import type { Decimal } from './checked.js';

/** JSON's numbers, and the plain decimal forms YAML's core schema adds (`+1`, `.5`, `5.`, `007`). */
const FORM = /^([-+]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([-+]?)0*([0-9]+))?$/;

export type DecimalReading =
  | { readonly ok: true; readonly value: Decimal }
  | { readonly ok: false; readonly why: 'form' | 'digits' | 'exponent' };

/**
 * Reads a number as ±0.DIGITS × 10^pointExponent.
 * Over 1,024 significant digits is `digits`; a written exponent beyond ±100,000 is `exponent`.
 */
export function readDecimal(source: string): DecimalReading {
  const parts = FORM.exec(source);
  if (parts === null) return { ok: false, why: 'form' };
  const whole = parts[2] ?? '';
  const fraction = parts[3] ?? parts[4] ?? '';
  const written = parts[6] ?? '0';
  if (written.length > 6 || Number(written) > DECIMAL_MAX_EXPONENT) return { ok: false, why: 'exponent' };

  const all = whole + fraction;
  let first = 0;
  while (all.charCodeAt(first) === 0x30) first += 1;
  let end = all.length;
  while (end > first && all.charCodeAt(end - 1) === 0x30) end -= 1;
  const digits = all.slice(first, end);
  if (digits === '') return { ok: true, value: { negative: false, digits: '', pointExponent: 0 } };
  if (digits.length > DECIMAL_MAX_DIGITS) return { ok: false, why: 'digits' };
  const shift = parts[5] === '-' ? -Number(written) : Number(written);
  return { ok: true, value: { negative: parts[1] === '-', digits, pointExponent: whole.length - first + shift } };
}

/** The value when it is an integer of magnitude ≤ 2^53−1, else null. */
export function safeInteger(decimal: Decimal): number | null {
  const { digits, pointExponent } = decimal;
  if (digits === '') return 0;
  if (pointExponent < digits.length || pointExponent > 16) return null;
  const n = Number(digits.padEnd(pointExponent, '0'));
  if (!Number.isSafeInteger(n)) return null;
  return decimal.negative ? -n : n;
}
