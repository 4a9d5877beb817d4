/**
 * The program: one position-independent table of little-endian words, written by the compiler.
 * Every read goes through `word`; one past the end yields 0 and sets `bad` for good, and a bad program denies.
 * The layout is described once, in src/core/policy/program/format.ts; the constants below mirror it.
 */

export const MAGIC: u32 = 0x50524b43;
export const VERSION: u32 = 2;

export const H_FLAGS: u32 = 3;
export const H_RULES: u32 = 4;
export const H_NODES: u32 = 6;
export const H_GLOBS: u32 = 8;
export const H_HASH: u32 = 10;
export const H_ROOTS: u32 = 12;
export const H_TERMS: u32 = 14;
export const H_ALWAYS: u32 = 16;
export const H_FIELDS: u32 = 18;
export const H_LISTS: u32 = 20;
export const H_METHODS: u32 = 22;
export const H_WINDOWS: u32 = 24;
export const H_ZONES: u32 = 26;
export const H_HEADERS: u32 = 28;
export const H_AGENTS: u32 = 30;
export const H_STRINGS: u32 = 32;
export const H_LIMITS: u32 = 34;
export const H_BODY: u32 = 36;
export const H_BODY_MATCHERS: u32 = 38;
export const H_BODY_FIELDS: u32 = 39;
export const H_ANY_ROOT: u32 = 40;
export const H_HOST_NODE: u32 = 41;
export const H_METHOD_IDS: u32 = 42;
/** Index + 1 in the header list of the three overrides, content-type, content-encoding. */
export const H_SPECIAL: u32 = 43;
export const H_AUTOMATA: u32 = 48;
/** Root + 1 of the names of tools. */
export const H_TOOL_ROOT: u32 = 50;
export const H_WORDS: u32 = 64;

export const RULE_WORDS: u32 = 22;
export const NODE_WORDS: u32 = 8;
export const GLOB_WORDS: u32 = 3;
export const HASH_WORDS: u32 = 4;
export const ROOT_WORDS: u32 = 3;
export const FIELD_WORDS: u32 = 16;
export const WINDOW_WORDS: u32 = 4;
export const ZONE_WORDS: u32 = 3;
export const LIMIT_WORDS: u32 = 9;
export const REF_WORDS: u32 = 2;

export const PARENT_HOSTS: u32 = 0xfffffff0;
export const PARENT_METHODS: u32 = 0xfffffff1;
export const PARENT_NONE: u32 = 0xffffffff;

export const FLAG_DEFAULT_ALLOW: u32 = 1;
export const FLAG_EVERY_AGENT: u32 = 2;

export const NODE_MANY: u32 = 1;
export const NODE_HOST: u32 = 2;
export const NODE_LITERALS: u32 = 4;

export const PORT_ANY: u32 = 0xffffffff;
export const PORT_DEFAULT: u32 = 0xfffffffe;

export const ALLOW: u32 = 0;
export const DENY: u32 = 1;
export const LIMIT: u32 = 2;

export const FALSE: u32 = 0;
export const UNKNOWN: u32 = 1;
export const TRUE: u32 = 2;

export let base: usize = 0;
export let length: u32 = 0;
export let bad: bool = false;

export function open(at: usize, bytes: u32): void {
  base = at;
  length = bytes;
  bad = false;
}

export function spoil(): void {
  bad = true;
}

/** The word at byte offset `at`. */
// @ts-ignore: decorator
@inline
export function word(at: u32): u32 {
  if (at > length - 4) {
    bad = true;
    return 0;
  }
  return load<u32>(base + at);
}

/** The header is whole before anything else is looked at (validate.ts), so `index` needs no check. */
// @ts-ignore: decorator
@inline
export function head(index: u32): u32 {
  return load<u32>(base + (index << 2));
}

/** Word `k` of row `i` of the section whose header words begin at `section`. */
// @ts-ignore: decorator
@inline
export function cell(section: u32, width: u32, i: u32, k: u32): u32 {
  return word(head(section) + ((i * width + k) << 2));
}

// @ts-ignore: decorator
@inline
export function ruleWord(rule: u32, k: u32): u32 {
  return cell(H_RULES, RULE_WORDS, rule, k);
}

/** Rule words. */
export const R_EFFECT: u32 = 0;
export const R_RANK: u32 = 1;
export const R_URL: u32 = 2;
export const R_SCHEMES: u32 = 3;
export const R_PORT: u32 = 4;
export const R_PATH_ANY: u32 = 5;
export const R_METHOD: u32 = 6;
export const R_METHODS: u32 = 7;
export const R_QUERY: u32 = 9;
export const R_HEADERS: u32 = 11;
export const R_BODY: u32 = 13;
export const R_WINDOWS: u32 = 15;
export const R_ZONE: u32 = 17;
export const R_LIMIT: u32 = 18;
export const R_FLAGS: u32 = 19;
export const R_ARGS: u32 = 20;

export const RULE_SHADOW: u32 = 1;
/** Never matches HTTP. */
export const RULE_TOOL_CALLS: u32 = 2;
/** Stands in the trie of tool names. */
export const RULE_TOOL_NAMES: u32 = 4;

/** Address of `n` bytes at program offset `at`; an address that is safe to read for 0 bytes when out of range. */
export function bytesAt(at: u32, n: u32): usize {
  if (at > length || n > length - at) {
    bad = true;
    return base;
  }
  return base + at;
}

/** The value under (parent, bytes) in the one hash table, or -1. `h` is hashBytes of the bytes. */
export function lookup(parent: u32, h: u32, p: usize, n: u32): i32 {
  const table = head(H_HASH);
  const mask = head(H_HASH + 1) - 1;
  let x = h + (parent + 1) * 0x9e3779b1;
  x = (x ^ (x >>> 15)) * 0x2c1b3c6d;
  x = x ^ (x >>> 12);
  let slot = x & mask;
  for (let tries: u32 = 0; tries <= mask; tries++) {
    const at = table + ((slot * HASH_WORDS) << 2);
    const owner = word(at);
    if (owner == PARENT_NONE || bad) return -1;
    if (owner == parent && word(at + 8) == n) {
      const text = bytesAt(word(at + 4), n);
      if (!bad && memory.compare(text, p, n) == 0) return <i32>word(at + 12);
    }
    slot = (slot + 1) & mask;
  }
  return -1;
}
