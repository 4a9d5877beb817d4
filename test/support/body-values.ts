/** Short ways to write operands and decimals in tests. */
import type { BodyMatcher, BodyTest, Decimal, JsonPath, Operand } from '#src/core/policy/checked.js';

/** From plain notation, without an exponent past what a double prints. */
export function decimal(text: string): Decimal {
  const [, sign, whole, fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  if (whole === undefined) throw new RangeError(text);
  const all = whole + fraction;
  const leading = /^0*/.exec(all)![0].length;
  const digits = all.slice(leading).replace(/0+$/, '');
  if (digits === '') return { negative: false, digits, pointExponent: 0 };
  return { negative: sign === '-', digits, pointExponent: whole.length - leading + Number(power) };
}

export function op(value: string | number | boolean | null): Operand {
  if (value === null) return { type: 'null' };
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'boolean', value };
  return { type: 'number', value: decimal(String(value)) };
}

export function on(path: JsonPath, test: BodyTest): BodyMatcher {
  return { path, test };
}
