/** Steps down the trie of paths, and the marking of what a request wants from it. Names are found by hash, then bytes. */
import { KIND_BELOW, nodeAt, pool } from './layout';
import { isMulti, passes, setCarries, setPasses, setWanted, wanted, watchEveryName } from './scratch';
import { textEquals } from './text';

/** Wants node `n`, and marks every node on the way to it. */
export function want(n: u32): void {
  if (wanted(n)) return;
  setWanted(n);
  if (isMulti(n)) watchEveryName();
  while (n != 0) {
    const node = nodeAt(n);
    n = load<u32>(node, 4);
    if (load<u32>(node) == KIND_BELOW) setCarries(n);
    if (passes(n)) return;
    setPasses(n);
  }
}

/** Of the `count` nodes from `low` on, the wanted one of this name, or one on the way to a wanted node; -1: none. */
export function childByName(low: u32, count: u32, hash: u32, ptr: usize, len: u32, writing: u32): i32 {
  const end = low + count;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<u32>(nodeAt(middle), 16) < hash) low = middle + 1;
    else high = middle;
  }
  for (; low < end; low++) {
    const child = nodeAt(low);
    if (load<u32>(child, 16) != hash) return -1;
    if (textEquals(ptr, len, writing, pool + load<u32>(child, 8), load<u32>(child, 12))) return live(low);
  }
  return -1;
}

export function childByIndex(node: usize, index: u32): i32 {
  let low = load<u32>(node, 20) + load<u32>(node, 24) + load<u32>(node, 28);
  const end = low + load<u32>(node, 32);
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<u32>(nodeAt(middle), 8) < index) low = middle + 1;
    else high = middle;
  }
  return low < end && load<u32>(nodeAt(low), 8) == index ? live(low) : -1;
}

export function live(n: u32): i32 {
  return wanted(n) || passes(n) ? <i32>n : -1;
}
