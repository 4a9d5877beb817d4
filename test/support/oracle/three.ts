/** Three values of the language (§1): FALSE < UNKNOWN < TRUE; AND is the minimum, "some" the maximum. */
export type Three = 0 | 1 | 2;
export const FALSE: Three = 0;
export const UNKNOWN: Three = 1;
export const TRUE: Three = 2;

export const is = (truth: boolean): Three => (truth ? TRUE : FALSE);
export const not = (value: Three): Three => (2 - value) as Three;
/** TRUE of nothing. */
export const all = (values: readonly Three[]): Three => Math.min(TRUE, ...values) as Three;
/** FALSE of nothing. */
export const some = (values: readonly Three[]): Three => Math.max(FALSE, ...values) as Three;

export type EffectKind = 'allow' | 'deny' | 'limit';
/** §1, "every reading counts": an allow needs all of them, a deny or a limit one. */
export const over = (effect: EffectKind, readings: readonly Three[]): Three =>
  effect === 'allow' ? all(readings) : some(readings);
