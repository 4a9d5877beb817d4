/**
 * The layout of a body section, the mirror of src/core/policy/program/body.ts. All numbers are little-endian u32.
 *
 * Tables stand in one order without gaps, and every string and digit run of the pool belongs to one record, in
 * order; so there is one encoding of each section, and checking it takes time linear in its length.
 *
 *   header   magic, version, total bytes, nodes, matchers, fields, lists, items, pool bytes, 0 × 7
 *   nodes    kind, parent, pool offset of the name or index, name bytes, name hash, first child, then how many children
 *            of each kind: name, below, index, every. They stand in this order; every at most once
 *   matchers node, exists (0 none, 1 true, 2 false), exact, in, notIn (lists), min, max, prefix, suffix, contains (items),
 *            regex (automaton of the program)
 *   fields   node
 *   lists    types, first item, strings, numbers. Lists take the first items in order: strings by hash, then bytes;
 *            numbers by value
 *   items    kind (0 string, 1 number ≥ 0, 2 number < 0), pool offset, bytes, hash (string) or point exponent (number)
 */
export const MAGIC: u32 = 0x31594442;
export const VERSION: u32 = 2;
export const HEADER: u32 = 64;
export const NONE: u32 = 0xffffffff;

export const NODE: u32 = 40;
export const KIND_ROOT: u32 = 0;
export const KIND_NAME: u32 = 1;
/** A member of that name at any depth below. */
export const KIND_BELOW: u32 = 2;
export const KIND_INDEX: u32 = 3;
/** Every member, every element. */
export const KIND_EVERY: u32 = 4;

export const MATCHER: u32 = 44;
export const FIELD: u32 = 4;
export const LIST: u32 = 16;
export const ITEM: u32 = 16;

export const ITEM_STRING: u32 = 0;
export const ITEM_POSITIVE: u32 = 1;
export const ITEM_NEGATIVE: u32 = 2;

/** What a list holds. */
export const HAS_STRING: u32 = 1;
export const HAS_NUMBER: u32 = 2;
export const HAS_TRUE: u32 = 4;
export const HAS_FALSE: u32 = 8;
export const HAS_NULL: u32 = 16;
/** Among its strings one that reads as a number, or is `true` or `false`. */
export const HAS_NUMERIC_STRING: u32 = 32;
export const HAS_BOOLEAN_STRING: u32 = 64;

/** Bounds that keep every size below 2^31. */
export const MAX_NODES: u32 = 1 << 18;
export const MAX_ROWS: u32 = 1 << 24;

/** Set by bodySectionCheck; the tables of the one section this engine serves. */
export let nodeCount: u32 = 0;
export let matcherCount: u32 = 0;
export let fieldCount: u32 = 0;
export let nodes: usize = 0;
export let matchers: usize = 0;
export let fields: usize = 0;
export let lists: usize = 0;
export let items: usize = 0;
export let pool: usize = 0;
/** Bytes of the longest `contains`. */
export let longestNeedle: u32 = 0;

export function setSection(base: usize, nNodes: u32, nMatchers: u32, nFields: u32, nLists: u32, nItems: u32): void {
  nodeCount = nNodes;
  matcherCount = nMatchers;
  fieldCount = nFields;
  nodes = base + HEADER;
  matchers = nodes + nNodes * NODE;
  fields = matchers + nMatchers * MATCHER;
  lists = fields + nFields * FIELD;
  items = lists + nLists * LIST;
  pool = items + nItems * ITEM;
  longestNeedle = 0;
}

export function setLongestNeedle(len: u32): void {
  longestNeedle = len;
}

/** No section: no matcher, no field, so that nothing can be asked. */
export function dropSection(): void {
  setSection(0, 0, 0, 0, 0, 0);
}

@inline export function nodeAt(n: u32): usize { return nodes + n * NODE; }
@inline export function matcherAt(i: u32): usize { return matchers + i * MATCHER; }
@inline export function listAt(l: u32): usize { return lists + l * LIST; }
@inline export function itemAt(i: u32): usize { return items + i * ITEM; }
@inline export function itemPtr(item: usize): usize { return pool + load<u32>(item, 4); }
@inline export function itemLen(item: usize): u32 { return load<u32>(item, 8); }
