/**
 * Working memory of the body reader: wants, what stood at wanted nodes, the name table, the stack.
 *
 *   in   : one region of scratchBytes() bytes
 *   never: grows; a new request or scan outdates old entries by number instead of clearing them
 */
import { KIND_INDEX, KIND_BELOW, longestNeedle, matcherCount, nodeAt, nodeCount } from './layout';

/**
 * Per node: pass epoch, want epoch, carry epoch, whether its path may have several nodes, first matcher asked + 1,
 * unused, then one capture for each reading.
 */
const NODE_STATE: u32 = 104;
const NODE_HEAD: u32 = 24;
const CAPTURE: u32 = 40;
/** Per matcher: next one asked of the same node + 1, want epoch, stamp, verdicts (eight bits for each reading). */
const MATCHER_STATE: u32 = 16;
export const READING_JSON: u32 = 0;
export const READING_FORM: u32 = 1;

/**
 * Capture: stamp, kind, pointer, length, writing, class (0: not looked at), hash, decoded length, the line it is from,
 * in how many lines the node stood.
 */
export const CAPTURE_LINES: usize = 36;
export const GONE: u32 = 0;
export const IS_NULL: u32 = 1;
export const IS_FALSE: u32 = 2;
export const IS_TRUE: u32 = 3;
export const IS_NUMBER: u32 = 4;
export const IS_STRING: u32 = 5;
export const IS_OBJECT: u32 = 6;
export const IS_ARRAY: u32 = 7;
/** A form's value: whatever type the operand has. */
export const IS_FORM_VALUE: u32 = 8;

export const NAME_ENTRIES: u32 = 4096;
export const NAME_BUCKETS: u32 = 8192;
export const NAME_ENTRY: u32 = 48;
export const MAX_DEPTH: u32 = 128;
/** Container kind, partial matches, next index, name mark. */
export const FRAME: u32 = 16;
/** Eight partial matches. */
export const LIVE_ROW: u32 = 32;
const MET: u32 = 96;
export const MAX_PAIRS: u32 = 1000;
export const METHOD_BYTES: u32 = 256;

export let nameHeads: usize = 0;
export let nameEntries: usize = 0;
export let frames: usize = 0;
export let methods: usize = 0;
export let methodText: usize = 0;
export let needleTable: usize = 0;
export let liveRows: usize = 0;
export let metNodes: usize = 0;
/** Some wanted path may have several nodes: a duplicate name anywhere counts. */
export let everyName: bool = false;
let states: usize = 0;
let asked: usize = 0;
/** Numbers the request; wants of another number are none. */
let epoch: u32 = 0;
/** Numbers the scan; captures of another number are none. */
let stamp: u32 = 0;

const FIXED: u32 =
  NAME_BUCKETS * 4 + NAME_ENTRIES * NAME_ENTRY + (MAX_DEPTH + 1) * (FRAME + LIVE_ROW) + MET + MAX_PAIRS * 8 + METHOD_BYTES;

export function scratchBytes(): u32 {
  return (FIXED + nodeCount * NODE_STATE + matcherCount * MATCHER_STATE + longestNeedle * 4 + 31) & ~15;
}

export function scratchInit(base: usize): void {
  memory.fill(base, 0, scratchBytes());
  nameHeads = base;
  nameEntries = nameHeads + NAME_BUCKETS * 4;
  frames = nameEntries + NAME_ENTRIES * NAME_ENTRY;
  liveRows = frames + (MAX_DEPTH + 1) * FRAME;
  metNodes = liveRows + (MAX_DEPTH + 1) * LIVE_ROW;
  methods = metNodes + MET;
  methodText = methods + MAX_PAIRS * 8;
  states = methodText + METHOD_BYTES;
  asked = states + nodeCount * NODE_STATE;
  needleTable = asked + matcherCount * MATCHER_STATE;
  epoch = 1;
  stamp = 1;
  markMulti();
}

/** A path may have several nodes from its first wildcard or descendant on; parents stand before their children. */
function markMulti(): void {
  for (let n: u32 = 1; n < nodeCount; n++) {
    const kind = load<u32>(nodeAt(n));
    const several = kind == KIND_BELOW || kind > KIND_INDEX || isMulti(load<u32>(nodeAt(n), 4));
    store<u32>(states + n * NODE_STATE, several ? 1 : 0, 12);
  }
}

/** Forgets all wants. */
export function newRequest(): void {
  newScan();
  everyName = false;
  if (++epoch == 0) {
    memory.fill(states, 0, needleTable - states);
    markMulti();
    epoch = 1;
  }
}

/** Forgets all captures and verdicts. */
export function newScan(): void {
  if (++stamp == 0) {
    for (let n: u32 = 0; n < nodeCount; n++) memory.fill(states + n * NODE_STATE + NODE_HEAD, 0, CAPTURE * 2);
    for (let i: u32 = 0; i < matcherCount; i++) store<u32>(asked + i * MATCHER_STATE, 0, 8);
    stamp = 1;
  }
}

@inline
export function passes(n: u32): bool {
  return load<u32>(states + n * NODE_STATE) == epoch;
}

@inline
export function wanted(n: u32): bool {
  return load<u32>(states + n * NODE_STATE, 4) == epoch;
}

export function setPasses(n: u32): void {
  store<u32>(states + n * NODE_STATE, epoch);
}

export function setWanted(n: u32): void {
  const state = states + n * NODE_STATE;
  store<u32>(state, epoch, 4);
  store<u32>(state, 0, 16);
}

/** Some wanted path goes on from the node by descendants. */
@inline
export function carries(n: u32): bool {
  return load<u32>(states + n * NODE_STATE, 8) == epoch;
}

export function setCarries(n: u32): void {
  store<u32>(states + n * NODE_STATE, epoch, 8);
}

@inline
export function isMulti(n: u32): bool {
  return load<u32>(states + n * NODE_STATE, 12) != 0;
}

export function watchEveryName(): void {
  everyName = true;
}

/** Whether matcher `i` was asked for. */
export function isAsked(i: u32): bool {
  return load<u32>(asked + i * MATCHER_STATE, 4) == epoch;
}

/** Matcher `i` is asked of node `n`, which is wanted already; once, so that the chain of a node has an end. */
export function ask(i: u32, n: u32): void {
  if (isAsked(i)) return;
  const state = asked + i * MATCHER_STATE;
  const head = states + n * NODE_STATE + 16;
  store<u32>(state, load<u32>(head));
  store<u32>(state, epoch, 4);
  store<u32>(state, 0, 8);
  store<u32>(head, i + 1);
}

@inline
export function firstAsked(n: u32): u32 {
  return load<u32>(states + n * NODE_STATE, 16);
}

@inline
export function askedNext(i: u32): u32 {
  return load<u32>(asked + i * MATCHER_STATE);
}

/** The verdicts on matcher `i` so far. */
export function saidOf(i: u32, reading: u32): u32 {
  const state = asked + i * MATCHER_STATE;
  return load<u32>(state, 8) == stamp ? load<u8>(state + reading, 12) : 0;
}

export function say(i: u32, reading: u32, verdicts: u32): void {
  const state = asked + i * MATCHER_STATE;
  if (load<u32>(state, 8) != stamp) {
    store<u32>(state, stamp, 8);
    store<u32>(state, 0, 12);
  }
  store<u8>(state + reading, verdicts, 12);
}

/** What the reading found at node `n`; 0: nothing. */
export function captureOf(n: u32, reading: u32): usize {
  const capture = states + n * NODE_STATE + NODE_HEAD + reading * CAPTURE;
  return load<u32>(capture) == stamp ? capture : 0;
}

export function capture(n: u32, reading: u32, line: u32, kind: u32, ptr: usize, len: u32, writing: u32): usize {
  const to = states + n * NODE_STATE + NODE_HEAD + reading * CAPTURE;
  if (load<u32>(to) != stamp) store<u32>(to, 1, CAPTURE_LINES);
  else if (load<u32>(to, 32) != line) store<u32>(to, load<u32>(to, CAPTURE_LINES) + 1, CAPTURE_LINES);
  store<u32>(to, line, 32);
  store<u32>(to, stamp);
  store<u32>(to, kind, 4);
  store<u32>(to, <u32>ptr, 8);
  store<u32>(to, len, 12);
  store<u32>(to, writing, 16);
  store<u32>(to, 0, 20);
  return to;
}
