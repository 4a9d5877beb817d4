/** Shadow rules that would have fired: how many, then their indexes in file order. The first eight are kept. */
import { RULE_SHADOW, R_FLAGS, ruleWord } from './program';

const KEPT: u32 = 8;
export const shadowArea: usize = memory.data(36, 4);

export function resetShadows(): void {
  store<u32>(shadowArea, 0);
}

export function isShadow(rule: u32): bool {
  return (ruleWord(rule, R_FLAGS) & RULE_SHADOW) != 0;
}

export function noteShadow(rule: u32): void {
  let n = load<u32>(shadowArea);
  let i = n;
  while (i > 0 && load<u32>(shadowArea + (<usize>i << 2)) > rule) i--;
  if (i >= KEPT) return;
  if (n < KEPT) store<u32>(shadowArea, ++n);
  const at = shadowArea + 4 + (<usize>i << 2);
  memory.copy(at + 4, at, (n - 1 - i) << 2);
  store<u32>(at, rule);
}
