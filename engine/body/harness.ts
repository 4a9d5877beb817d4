/** The body half alone, for its tests: the same functions and one growing region of memory. */
export * from './index';
export { automataCheck } from '../regex';

/** Address of at least `bytes` writable bytes, with nothing of ours behind them. */
export function arena(bytes: u32): usize {
  const base: usize = (__heap_base + 15) & ~15;
  const need = <i32>((base + bytes + 0xffff) >>> 16) - memory.size();
  if (need > 0 && memory.grow(need) < 0) return 0;
  return base;
}
