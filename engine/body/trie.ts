/** Steps down the trie of paths, and the marking of what a request wants from it. Names are found by hash, then bytes. */
import { nodeAt, pool } from './layout';
import { passes, setPasses, setWanted, wanted } from './scratch';
import { textEquals } from './text';

/** Wants node `n`, and marks every node on the way to it. */
export function want(n: u32): void {
  setWanted(n);
  while (n != 0) {
    n = load<u32>(nodeAt(n), 4);
    if (passes(n)) return;
    setPasses(n);
  }
}

/** The wanted child, or one on the way to a wanted node; -1: none. */
export function childByName(parent: u32, hash: u32, ptr: usize, len: u32, writing: u32): i32 {
  const node = nodeAt(parent);
  let low = load<u32>(node, 20);
  const end = low + load<u32>(node, 24);
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

export function childByIndex(parent: u32, index: u32): i32 {
  const node = nodeAt(parent);
  let low = load<u32>(node, 20) + load<u32>(node, 24);
  const end = low + load<u32>(node, 28);
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<u32>(nodeAt(middle), 8) < index) low = middle + 1;
    else high = middle;
  }
  return low < end && load<u32>(nodeAt(low), 8) == index ? live(low) : -1;
}

function live(n: u32): i32 {
  return wanted(n) || passes(n) ? <i32>n : -1;
}
