/**
 * Checks a program before anything trusts it: every offset, index and length.
 * Trees are trees: children have larger numbers than their parents and every child list follows the one before.
 * Returns 0, or the number of the check that failed.
 *
 * Done in parts of so many rows, since a large program takes longer than a decision may be kept waiting.
 */
import {
  FIELD_WORDS, GLOB_WORDS, H_AGENTS, H_ALWAYS, H_ANY_ROOT, H_AUTOMATA, H_BODY, H_BODY_FIELDS, H_BODY_MATCHERS, H_FIELDS, H_GLOBS, H_HASH,
  H_HEADERS, H_HOST_NODE, H_LIMITS, H_LISTS, H_METHODS, H_METHOD_IDS, H_NODES, H_ROOTS, H_RULES, H_SPECIAL, H_STRINGS,
  H_TERMS, H_TOOL_ROOT, H_WINDOWS, H_WORDS, H_ZONES, HASH_WORDS, LIMIT_WORDS, MAGIC, NODE_HOST, NODE_WORDS, PARENT_HOSTS, PARENT_METHODS,
  PARENT_NONE, REF_WORDS, ROOT_WORDS, RULE_TOOL_CALLS, RULE_TOOL_NAMES, RULE_WORDS, R_ARGS, R_BODY, R_FLAGS, R_HEADERS, R_LIMIT, R_METHODS, R_QUERY, R_URL, R_WINDOWS, R_ZONE, VERSION,
  WINDOW_WORDS, ZONE_WORDS, bad, base, cell, head, length,
} from './program';
import { isOffset } from './time';
import { bodySectionCheck } from './body/index';
import { automata, automataCheck } from './regex';

/** What the rows before the one at hand have come to. */
let globs: u32 = 0;
let used: u32 = 0;
let empty: u32 = 0;
let least: u32 = 0;

/** The part of the program that comes next, and its first row that has not been looked at. */
let part: u32 = 0;
let row: u32 = 0;

/** A section of `rows` rows of `width` words lies within the program, after the header, 4-byte aligned. */
function section(index: u32, width: u32): bool {
  const at = head(index);
  const rows = head(index + 1);
  if ((at & 3) != 0 || at < H_WORDS << 2 || at > length) return false;
  return <u64>rows * <u64>(width << 2) <= <u64>(length - at);
}

function range(start: u32, count: u32, total: u32): bool {
  return start <= total && count <= total - start;
}

function text(at: u32, n: u32): bool {
  const from = head(H_STRINGS);
  return at >= from && range(at - from, n, head(H_STRINGS + 1));
}

function refs(index: u32, from: u32, to: u32): bool {
  for (let i = from; i < to; i++) {
    if (!text(cell(index, REF_WORDS, i, 0), cell(index, REF_WORDS, i, 1))) return false;
  }
  return true;
}

function indexes(index: u32, below: u32, from: u32, to: u32): bool {
  for (let i = from; i < to; i++) if (cell(index, 1, i, 0) >= below) return false;
  return true;
}

function rules(from: u32, to: u32): bool {
  for (let r = from; r < to; r++) {
    const effect = cell(H_RULES, RULE_WORDS, r, 0);
    if (effect > 2 || cell(H_RULES, RULE_WORDS, r, 2) > 1 || cell(H_RULES, RULE_WORDS, r, 6) > 2) return false;
    if (!pair(r, R_METHODS, head(H_METHODS + 1))) return false;
    if (!pair(r, R_QUERY, head(H_FIELDS + 1))) return false;
    if (!pair(r, R_HEADERS, head(H_FIELDS + 1))) return false;
    if (!pair(r, R_BODY, head(H_BODY_MATCHERS))) return false;
    if (!pair(r, R_ARGS, head(H_BODY_MATCHERS))) return false;
    const flags = cell(H_RULES, RULE_WORDS, r, R_FLAGS);
    const toolOnly = (flags & RULE_TOOL_NAMES) != 0 || cell(H_RULES, RULE_WORDS, r, R_ARGS + 1) != 0;
    if (flags > 7 || toolOnly != ((flags & RULE_TOOL_CALLS) != 0)) return false;
    if (!pair(r, R_WINDOWS, head(H_WINDOWS + 1))) return false;
    if (cell(H_RULES, RULE_WORDS, r, R_WINDOWS + 1) > 0 && cell(H_RULES, RULE_WORDS, r, R_ZONE) >= head(H_ZONES + 1)) return false;
    const limit = cell(H_RULES, RULE_WORDS, r, R_LIMIT);
    if ((effect == 2) != (limit != 0)) return false;
    if (limit != 0 && (limit > head(H_LIMITS + 1) || cell(H_LIMITS, LIMIT_WORDS, limit - 1, 0) != r)) return false;
  }
  return true;
}

function pair(rule: u32, k: u32, total: u32): bool {
  return range(cell(H_RULES, RULE_WORDS, rule, k), cell(H_RULES, RULE_WORDS, rule, k + 1), total);
}

function nodes(from: u32, to: u32): bool {
  const count = head(H_NODES + 1);
  const rootCount = head(H_ROOTS + 1);
  for (let i = from; i < to; i++) {
    const globCount = cell(H_NODES, NODE_WORDS, i, 1);
    if (cell(H_NODES, NODE_WORDS, i, 0) != globs || !range(globs, globCount, head(H_GLOBS + 1))) return false;
    for (let g = globs; g < globs + globCount; g++) {
      const child = cell(H_GLOBS, GLOB_WORDS, g, 2);
      if (child <= i || child >= count) return false;
      if (!text(cell(H_GLOBS, GLOB_WORDS, g, 0), cell(H_GLOBS, GLOB_WORDS, g, 1))) return false;
    }
    globs += globCount;
    for (let k: u32 = 2; k <= 4; k++) {
      const child = cell(H_NODES, NODE_WORDS, i, k);
      if (child != 0 && (child <= i || child >= count)) return false;
    }
    const start = cell(H_NODES, NODE_WORDS, i, 5);
    const n = cell(H_NODES, NODE_WORDS, i, 6);
    if ((cell(H_NODES, NODE_WORDS, i, 7) & NODE_HOST) != 0) {
      if (n > 1 || (n == 1 && start >= rootCount)) return false;
    } else {
      if (start != used || !range(used, n, head(H_TERMS + 1))) return false;
      used += n;
    }
  }
  return to < count || (globs == head(H_GLOBS + 1) && used == head(H_TERMS + 1));
}

function hash(from: u32, to: u32): bool {
  const cap = head(H_HASH + 1);
  if (cap == 0 || (cap & (cap - 1)) != 0) return false;
  const count = head(H_NODES + 1);
  for (let i = from; i < to; i++) {
    const parent = cell(H_HASH, HASH_WORDS, i, 0);
    if (parent == PARENT_NONE) {
      empty++;
      continue;
    }
    if (!text(cell(H_HASH, HASH_WORDS, i, 1), cell(H_HASH, HASH_WORDS, i, 2))) return false;
    const value = cell(H_HASH, HASH_WORDS, i, 3);
    if (parent == PARENT_HOSTS) {
      if (value >= head(H_ROOTS + 1)) return false;
    } else if (parent == PARENT_METHODS) {
      if (value >= head(H_METHOD_IDS)) return false;
    } else if (parent >= count || value <= parent || value >= count) return false;
  }
  return to < cap || empty > 0;
}

function roots(from: u32, to: u32): bool {
  for (let i = from; i < to; i++) {
    const node = cell(H_ROOTS, ROOT_WORDS, i, 0);
    if (node == 0 || node >= head(H_NODES + 1)) return false;
    if (!range(cell(H_ROOTS, ROOT_WORDS, i, 1), cell(H_ROOTS, ROOT_WORDS, i, 2), head(H_TERMS + 1))) return false;
  }
  if (head(H_TOOL_ROOT) > head(H_ROOTS + 1)) return false;
  return head(H_ANY_ROOT) <= head(H_ROOTS + 1) && (head(H_HOST_NODE) == 0 || head(H_HOST_NODE) < head(H_NODES + 1));
}

function fields(from: u32, to: u32): bool {
  for (let i = from; i < to; i++) {
    if (cell(H_FIELDS, FIELD_WORDS, i, 0) > 1) return false;
    if (!text(cell(H_FIELDS, FIELD_WORDS, i, 1), cell(H_FIELDS, FIELD_WORDS, i, 2))) return false;
    const header = cell(H_FIELDS, FIELD_WORDS, i, 3);
    if (header > head(H_HEADERS + 1)) return false;
    const ops = cell(H_FIELDS, FIELD_WORDS, i, 4);
    if (ops > 31 || cell(H_FIELDS, FIELD_WORDS, i, 15) > automata) return false;
    if (!range(cell(H_FIELDS, FIELD_WORDS, i, 7), cell(H_FIELDS, FIELD_WORDS, i, 8), head(H_LISTS + 1))) return false;
    for (let k: u32 = 5; k <= 13; k += 2) {
      if (k == 7) continue;
      if (!text(cell(H_FIELDS, FIELD_WORDS, i, k), cell(H_FIELDS, FIELD_WORDS, i, k + 1))) return false;
    }
  }
  return true;
}

function limits(from: u32, to: u32): bool {
  for (let i = from; i < to; i++) {
    const rule = cell(H_LIMITS, LIMIT_WORDS, i, 0);
    if (rule >= head(H_RULES + 1) || cell(H_RULES, RULE_WORDS, rule, R_LIMIT) != i + 1) return false;
    const calls = cell(H_LIMITS, LIMIT_WORDS, i, 1);
    if (calls < 1 || calls > 1000000) return false;
    const window = cell(H_LIMITS, LIMIT_WORDS, i, 2);
    if (window != 1000 && window != 60000 && window != 3600000 && window != 86400000) return false;
    const per = cell(H_LIMITS, LIMIT_WORDS, i, 3);
    if (per > 4 || (per == 4 && cell(H_LIMITS, LIMIT_WORDS, i, 4) >= head(H_BODY_FIELDS))) return false;
    if (!text(cell(H_LIMITS, LIMIT_WORDS, i, 5), cell(H_LIMITS, LIMIT_WORDS, i, 6))) return false;
    if (!text(cell(H_LIMITS, LIMIT_WORDS, i, 7), cell(H_LIMITS, LIMIT_WORDS, i, 8))) return false;
  }
  return true;
}

function windows(): bool {
  for (let i: u32 = 0, n = head(H_WINDOWS + 1); i < n; i++) {
    const start = cell(H_WINDOWS, WINDOW_WORDS, i, 1);
    const end = cell(H_WINDOWS, WINDOW_WORDS, i, 2);
    if (cell(H_WINDOWS, WINDOW_WORDS, i, 0) > 1 || start > 1439 || end < 1 || end > 1440 || start == end) return false;
    if (cell(H_WINDOWS, WINDOW_WORDS, i, 3) - 1 > 126) return false;
  }
  for (let i: u32 = 0, n = head(H_ZONES + 1); i < n; i++) {
    const at = cell(H_ZONES, ZONE_WORDS, i, 0);
    const bytes = cell(H_ZONES, ZONE_WORDS, i, 1);
    const seconds = <i32>cell(H_ZONES, ZONE_WORDS, i, 2);
    if (bytes == 0 ? at != 0 || !isOffset(seconds) : seconds != 0 || !text(at, bytes)) return false;
  }
  return true;
}

/** Found by its URL or by the name of a tool. */
function indexed(rule: u32): bool {
  return cell(H_RULES, RULE_WORDS, rule, R_URL) != 0 || (cell(H_RULES, RULE_WORDS, rule, R_FLAGS) & RULE_TOOL_NAMES) != 0;
}

/**
 * A rule is considered once: without patterns by the list of those that always are, in rising order, with one by the index
 * (which marks what it has met). A limit that came twice would be charged twice and tie its key's list into a knot.
 */
function always(from: u32, to: u32): bool {
  const rules = head(H_RULES + 1);
  for (let i = from; i < to; i++) {
    const rule = cell(H_ALWAYS, 1, i, 0);
    if (rule < least || rule >= rules || indexed(rule)) return false;
    least = rule + 1;
  }
  return true;
}

function terms(from: u32, to: u32): bool {
  const rules = head(H_RULES + 1);
  for (let i = from; i < to; i++) {
    const rule = cell(H_TERMS, 1, i, 0);
    if (rule >= rules || !indexed(rule)) return false;
  }
  return true;
}

/** What stands once in a program: the header, and where its sections lie. */
function frame(): u32 {
  if (length < H_WORDS << 2 || (length & 3) != 0) return 1;
  if (head(0) != MAGIC) return 2;
  if (head(1) != VERSION) return 3;
  if (head(2) != length) return 4;
  if (head(3) > 3) return 5;
  if (!section(H_RULES, RULE_WORDS) || head(H_RULES + 1) > 1000000) return 6;
  if (!section(H_NODES, NODE_WORDS) || !section(H_GLOBS, GLOB_WORDS) || !section(H_HASH, HASH_WORDS)) return 7;
  if (!section(H_ROOTS, ROOT_WORDS) || !section(H_TERMS, 1) || !section(H_ALWAYS, 1)) return 8;
  if (!section(H_FIELDS, FIELD_WORDS) || !section(H_LISTS, REF_WORDS) || !section(H_METHODS, 1)) return 9;
  if (!section(H_WINDOWS, WINDOW_WORDS) || !section(H_ZONES, ZONE_WORDS) || !section(H_LIMITS, LIMIT_WORDS)) return 10;
  if (!section(H_HEADERS, REF_WORDS) || !section(H_AGENTS, REF_WORDS)) return 11;
  // Strings and the body section count bytes.
  if (head(H_STRINGS) > length || head(H_STRINGS + 1) > length - head(H_STRINGS)) return 12;
  if ((head(H_BODY) & 3) != 0 || head(H_BODY) > length || head(H_BODY + 1) > length - head(H_BODY)) return 13;
  if (head(H_METHOD_IDS) > head(H_METHODS + 1) || head(H_BODY_MATCHERS) > 1000000 || head(H_BODY_FIELDS) > 1000000) return 14;
  for (let k: u32 = 0; k < 5; k++) if (head(H_SPECIAL + k) > head(H_HEADERS + 1)) return 15;
  return 0;
}

function automataWhole(): bool {
  const at = head(H_AUTOMATA);
  return (at & 3) == 0 && at <= length && automataCheck(base + at, length - at, head(H_AUTOMATA + 1));
}

/** Rows of part `k`; what cannot be cut counts as one. */
function rowsOf(k: u32): u32 {
  if (k == 2) return head(H_NODES + 1);
  if (k == 3) return head(H_HASH + 1);
  if (k == 4) return head(H_ROOTS + 1);
  if (k == 5) return head(H_ALWAYS + 1);
  if (k == 6) return head(H_TERMS + 1);
  if (k == 7) return head(H_METHODS + 1);
  if (k == 8) return head(H_LISTS + 1);
  if (k == 9) return head(H_HEADERS + 1);
  if (k == 10) return head(H_AGENTS + 1);
  if (k == 11) return head(H_FIELDS + 1);
  if (k == 13) return head(H_LIMITS + 1);
  if (k == 14) return head(H_RULES + 1);
  return 1;
}

/** Rows `from` to `to` of part `k`: 0, or what is wrong. A part may trust those before it. */
function check(k: u32, from: u32, to: u32): u32 {
  if (k == 0) return frame();
  if (k == 1) return automataWhole() ? 0 : 28;
  if (k == 2) return nodes(from, to) ? 0 : 16;
  if (k == 3) return hash(from, to) ? 0 : 17;
  if (k == 4) return roots(from, to) ? 0 : 18;
  if (k == 5) return always(from, to) ? 0 : 19;
  if (k == 6) return terms(from, to) ? 0 : 19;
  if (k == 7) return indexes(H_METHODS, head(H_METHOD_IDS), from, to) ? 0 : 20;
  if (k == 8) return refs(H_LISTS, from, to) ? 0 : 21;
  if (k == 9) return refs(H_HEADERS, from, to) ? 0 : 21;
  if (k == 10) return refs(H_AGENTS, from, to) ? 0 : 21;
  if (k == 11) return fields(from, to) ? 0 : 22;
  if (k == 12) return windows() ? 0 : 23;
  if (k == 13) return limits(from, to) ? 0 : 24;
  if (k == 14) return rules(from, to) ? 0 : 25;
  if (!bodySectionCheck(base + head(H_BODY), head(H_BODY + 1))) return 26;
  return bad ? 27 : 0;
}

const PARTS: u32 = 16;
export const MORE: u32 = 102;

export function restart(): void {
  part = row = globs = used = empty = least = 0;
}

/** Checks the next `budget` rows: 0 when that was the last of them and all is well, MORE, or what is wrong. */
export function validate(budget: u32): u32 {
  while (part < PARTS) {
    const total = rowsOf(part);
    const left = total - row;
    const to = left < budget ? total : row + budget;
    const wrong = check(part, row, to);
    if (wrong != 0) return wrong;
    budget -= to - row;
    row = to;
    if (row < total) return MORE;
    part++;
    row = 0;
  }
  return 0;
}
