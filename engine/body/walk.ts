/**
 * Where the wanted paths stand while a body is read: in each open container the partial matches that go on there.
 *
 *   in   : containers as they open, the name or index of each value in them
 *   out  : the trie nodes that the value to come stands at
 *   never: recurses; holds more than eight partial matches a container (then the body cannot be judged)
 */
import { nodeAt } from './layout';
import { carries, LIVE_ROW, liveRows, metNodes, passes } from './scratch';
import { childByIndex, childByName, live } from './trie';

const MAX_LIVE: u32 = 8;

/** How many trie nodes the value to come stands at; they are in metNodes, at most three for a partial match. */
export let met: u32 = 0;

export function meetRoot(): void {
  store<u32>(metNodes, 0);
  met = 1;
}

export function meetNothing(): void {
  met = 0;
}

@inline
function meet(n: i32): void {
  if (n < 0) return;
  store<u32>(metNodes + (met << 2), n);
  met++;
}

/**
 * What goes on inside a container that stands at the nodes met, itself in the container of row `depth`: fills the next
 * row and says how many; -1: too many. An entry is a node, doubled, plus one if the container is its place; without
 * the one it is the place of a container around, and the node goes on by descendants.
 */
export function enter(depth: u32, count: u32): i32 {
  const from = liveRows + depth * LIVE_ROW;
  const to = from + LIVE_ROW;
  let n: u32 = 0;
  for (let i: u32 = 0; i < met; i++) {
    const node = load<u32>(metNodes + (i << 2));
    if (!passes(node)) continue;
    if (n == MAX_LIVE) return -1;
    store<u32>(to + (n++ << 2), (node << 1) | 1);
  }
  const own = n;
  for (let i: u32 = 0; i < count; i++) {
    const node = load<u32>(from + (i << 2)) >>> 1;
    if (!carries(node)) continue;
    let j: u32 = 0;
    while (j < own && load<u32>(to + (j << 2)) >>> 1 != node) j++;
    if (j < own) continue;
    if (n == MAX_LIVE) return -1;
    store<u32>(to + (n++ << 2), node << 1);
  }
  return n;
}

/** Meets the members of this name in the container of row `depth`, which has `count` entries. */
export function meetName(depth: u32, count: u32, hash: u32, ptr: usize, len: u32, writing: u32): void {
  met = 0;
  const row = liveRows + depth * LIVE_ROW;
  for (let i: u32 = 0; i < count; i++) {
    const entry = load<u32>(row + (i << 2));
    const n = entry >>> 1;
    const node = nodeAt(n);
    const first = load<u32>(node, 20);
    const names = load<u32>(node, 24);
    if (entry & 1) {
      meet(childByName(first, names, hash, ptr, len, writing));
      meetEvery(node);
    }
    if (carries(n)) meet(childByName(first + names, load<u32>(node, 28), hash, ptr, len, writing));
  }
}

export function meetIndex(depth: u32, count: u32, index: u32): void {
  met = 0;
  const row = liveRows + depth * LIVE_ROW;
  for (let i: u32 = 0; i < count; i++) {
    const entry = load<u32>(row + (i << 2));
    if (!(entry & 1)) continue;
    const node = nodeAt(entry >>> 1);
    meet(childByIndex(node, index));
    meetEvery(node);
  }
}

@inline
function meetEvery(node: usize): void {
  // The last child.
  if (load<u32>(node, 36) == 0) return;
  meet(live(load<u32>(node, 20) + load<u32>(node, 24) + load<u32>(node, 28) + load<u32>(node, 32)));
}
