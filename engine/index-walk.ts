/**
 * From a URL, and from the name of a tool, to the rules whose patterns they meet, without looking at any other rule.
 *
 * Hosts by hash, then a trie of labels from the right, then the entry of every host; each leads to a trie of path
 * segments. A trie is walked as a set of nodes, a segment at a time. A node below no `**` has one way in; `**` has two,
 * so only it is marked. Each rule counts the (host reading, path reading) pairs that met it. The name of a tool is walked
 * first, in a trie of its own; a rule that also has a url pattern waits for that to be met.
 */
import {
  GLOB_WORDS, H_ANY_ROOT, H_GLOBS, H_HOST_NODE, H_NODES, H_ROOTS, H_RULES, H_TERMS, NODE_LITERALS, NODE_MANY, NODE_WORDS,
  H_TOOL_ROOT, PARENT_HOSTS, ROOT_WORDS, R_URL, bytesAt, cell, head, lookup, ruleWord, spoil,
} from './program';
import { globMatch, hashBytes, isIdLike } from './text';
import { hostReadings, labelAt, labelCount, readingLen, readingPtr, splitLabels } from './host';
import { NAME_READING, pathReadings, pathUnknown, segmentAt, segmentCount } from './path';
import { isTool } from './tool';
import { take } from './memory';

const MARK: u32 = 12;

let here: usize = 0;
let next: usize = 0;
let hereCount: u32 = 0;
let nextCount: u32 = 0;
let capacity: u32 = 0;
let manyMarks: usize = 0;
/** Per rule [last pair that met it, how many did, the pair that was the name of a tool]. */
let ruleMarks: usize = 0;
let rootList: usize = 0;
let rootListCount: u32 = 0;

/** Rule indexes met, each once. */
export let metArea: usize = 0;
export let metCount: u32 = 0;
/** Pairs of readings in this request. */
export let pairs: u32 = 0;

let step: u32 = 0;
let pair: u32 = 0;
let firstPair: u32 = 0;
/** The pair that is the name of this request's tool. */
let toolPair: u32 = 0;

export function initWalk(): bool {
  capacity = head(H_NODES + 1) + 2;
  here = take(capacity << 2);
  next = take(capacity << 2);
  manyMarks = take(capacity << 2);
  rootList = take((head(H_ROOTS + 1) + 1) << 2);
  ruleMarks = take((head(H_RULES + 1) + 1) * MARK);
  metArea = take((head(H_RULES + 1) + 1) << 2);
  return metArea != 0;
}

function mark(rule: u32): void {
  if (rule >= head(H_RULES + 1)) return spoil();
  const at = ruleMarks + rule * MARK;
  if (pair == toolPair) {
    store<u32>(at, pair, 8);
    if (ruleWord(rule, R_URL) != 0) return;
  }
  const last = load<u32>(at);
  if (last == pair) return;
  if (last <= firstPair) {
    store<u32>(at + 4, 1);
    store<u32>(metArea + (metCount++ << 2), rule);
  } else store<u32>(at + 4, load<u32>(at + 4) + 1);
  store<u32>(at, pair);
}

/** How many pairs met `rule`, which is in the list of this request. */
export function pairsMet(rule: u32): u32 {
  return load<u32>(ruleMarks + rule * MARK, 4);
}

/** Whether the name of the tool met `rule`. */
export function toolMet(rule: u32): bool {
  return load<u32>(ruleMarks + rule * MARK, 8) == toolPair;
}

function push(node: u32): void {
  if (nextCount >= capacity) return spoil();
  store<u32>(next + (nextCount++ << 2), node);
}

function pushMany(node: u32): void {
  if (node >= capacity) return spoil();
  const at = manyMarks + (<usize>node << 2);
  if (load<u32>(at) == step) return;
  store<u32>(at, step);
  push(node);
}

/** A path node, and the `**` below it, which may stand for no segment. */
function pushPath(node: u32): void {
  push(node);
  let many = cell(H_NODES, NODE_WORDS, node, 3);
  while (many != 0) {
    pushMany(many);
    const below = cell(H_NODES, NODE_WORDS, many, 3);
    if (below <= many) break;
    many = below;
  }
}

function swap(): void {
  const t = here;
  here = next;
  next = t;
  hereCount = nextCount;
  nextCount = 0;
  step++;
}

/** Moves every active node over one label or segment. */
function advance(at: usize, inPath: bool): void {
  const p = <usize>load<u32>(at);
  const n = load<u32>(at + 4);
  const h = load<u32>(at + 8);
  let idLike: i32 = -1;
  for (let i: u32 = 0; i < hereCount; i++) {
    const node = load<u32>(here + (<usize>i << 2));
    const flags = cell(H_NODES, NODE_WORDS, node, 7);
    if ((flags & NODE_LITERALS) != 0) {
      const child = lookup(node, h, p, n);
      if (child >= 0) enter(<u32>child, inPath);
    }
    const globs = cell(H_NODES, NODE_WORDS, node, 1);
    if (globs > 0) {
      const first = cell(H_NODES, NODE_WORDS, node, 0);
      for (let g = first; g < first + globs; g++) {
        const len = cell(H_GLOBS, GLOB_WORDS, g, 1);
        if (globMatch(bytesAt(cell(H_GLOBS, GLOB_WORDS, g, 0), len), len, p, n)) {
          enter(cell(H_GLOBS, GLOB_WORDS, g, 2), inPath);
        }
      }
    }
    const one = cell(H_NODES, NODE_WORDS, node, 2);
    if (one != 0) enter(one, inPath);
    if (inPath) {
      const id = cell(H_NODES, NODE_WORDS, node, 4);
      if (id != 0) {
        if (idLike < 0) idLike = <i32>isIdLike(p, n);
        if (idLike == 1) enter(id, true);
      }
    } else {
      const many = cell(H_NODES, NODE_WORDS, node, 3);
      if (many != 0) pushMany(many);
    }
    if ((flags & NODE_MANY) != 0) {
      pushMany(node);
      // A `**` that stays also reaches the `**` that may stand for nothing below it.
      if (inPath) {
        const many = cell(H_NODES, NODE_WORDS, node, 3);
        if (many > node) pushMany(many);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function enter(node: u32, inPath: bool): void {
  if (inPath) pushPath(node);
  else push(node);
}

function begin(node: u32, inPath: bool): void {
  nextCount = 0;
  step++;
  enter(node, inPath);
  swap();
}

function walkPath(root: u32, reading: u32): void {
  begin(cell(H_ROOTS, ROOT_WORDS, root, 0), true);
  for (let i: u32 = 0, n = segmentCount(reading); i < n && hereCount > 0; i++) {
    advance(segmentAt(reading, i), true);
    swap();
  }
  for (let i: u32 = 0; i < hereCount; i++) {
    const node = load<u32>(here + (<usize>i << 2));
    const n = cell(H_NODES, NODE_WORDS, node, 6);
    if (n > 0) markTerms(cell(H_NODES, NODE_WORDS, node, 5), n);
  }
}

function markTerms(start: u32, n: u32): void {
  for (let k: u32 = 0; k < n; k++) mark(cell(H_TERMS, 1, start + k, 0));
}

function addRoot(root: u32): void {
  if (root >= head(H_ROOTS + 1) || rootListCount > head(H_ROOTS + 1)) return spoil();
  store<u32>(rootList + (rootListCount++ << 2), root);
}

function findRoots(reading: u32): void {
  rootListCount = 0;
  const p = readingPtr(reading);
  const n = readingLen(reading);
  const exact = lookup(PARENT_HOSTS, hashBytes(p, n), p, n);
  if (exact >= 0) addRoot(<u32>exact);
  const any = head(H_ANY_ROOT);
  if (any != 0) addRoot(any - 1);
  const labels = head(H_HOST_NODE);
  if (labels == 0) return;
  splitLabels(reading);
  if (labelCount == 0) return;
  begin(labels, false);
  for (let i: u32 = 0; i < labelCount && hereCount > 0; i++) {
    advance(labelAt(i), false);
    swap();
  }
  for (let i: u32 = 0; i < hereCount; i++) {
    const node = load<u32>(here + (<usize>i << 2));
    if (cell(H_NODES, NODE_WORDS, node, 6) != 0) addRoot(cell(H_NODES, NODE_WORDS, node, 5));
  }
}

/** Marks every rule met by the readings of this request; the list is in `metArea`. */
export function findRules(): void {
  if (pair > 0xf0000000 || step > 0xf0000000) {
    memory.fill(ruleMarks, 0, head(H_RULES + 1) * MARK);
    memory.fill(manyMarks, 0, capacity << 2);
    pair = 0;
    step = 0;
  }
  metCount = 0;
  firstPair = pair;
  pairs = 0;
  toolPair = 0;
  if (isTool) {
    toolPair = ++pair;
    const root = head(H_TOOL_ROOT);
    if (root != 0) walkPath(root - 1, NAME_READING);
    // Without a URL there is no reading of a host either.
    if (pathReadings == 0) return;
  }
  for (let r: u32 = 0; r < hostReadings; r++) {
    findRoots(r);
    if (pathUnknown) {
      pair++;
      pairs++;
      for (let k: u32 = 0; k < rootListCount; k++) {
        const root = load<u32>(rootList + (<usize>k << 2));
        markTerms(cell(H_ROOTS, ROOT_WORDS, root, 1), cell(H_ROOTS, ROOT_WORDS, root, 2));
      }
      continue;
    }
    for (let q: u32 = 0; q < pathReadings; q++) {
      pair++;
      pairs++;
      for (let k: u32 = 0; k < rootListCount; k++) walkPath(load<u32>(rootList + (<usize>k << 2)), q);
    }
  }
}
