/**
 * Working memory of the body reader: wants, what stood at wanted nodes, the name table, the stack.
 *
 *   in   : one region of scratchBytes() bytes
 *   never: grows; a new request or scan outdates old entries by number instead of clearing them
 */
import { longestNeedle, nodeCount } from './layout';

/** Per node: pass epoch, want epoch, then one capture for each reading. */
const NODE_STATE: u32 = 72;
export const READING_JSON: u32 = 0;
export const READING_FORM: u32 = 1;

/** Capture: stamp, kind, pointer, length, writing, class (0: not looked at), hash, decoded length. */
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
/** Container kind, node + 1, next index, name mark. */
export const FRAME: u32 = 16;
export const MAX_PAIRS: u32 = 1000;
export const METHOD_BYTES: u32 = 256;

export let nameHeads: usize = 0;
export let nameEntries: usize = 0;
export let frames: usize = 0;
export let methods: usize = 0;
export let methodText: usize = 0;
export let needleTable: usize = 0;
let states: usize = 0;
/** Numbers the request; wants of another number are none. */
let epoch: u32 = 0;
/** Numbers the scan; captures of another number are none. */
let stamp: u32 = 0;

const FIXED: u32 = NAME_BUCKETS * 4 + NAME_ENTRIES * NAME_ENTRY + (MAX_DEPTH + 1) * FRAME + MAX_PAIRS * 8 + METHOD_BYTES;

export function scratchBytes(): u32 {
  return (FIXED + nodeCount * NODE_STATE + longestNeedle * 4 + 31) & ~15;
}

export function scratchInit(base: usize): void {
  memory.fill(base, 0, scratchBytes());
  nameHeads = base;
  nameEntries = nameHeads + NAME_BUCKETS * 4;
  frames = nameEntries + NAME_ENTRIES * NAME_ENTRY;
  methods = frames + (MAX_DEPTH + 1) * FRAME;
  methodText = methods + MAX_PAIRS * 8;
  states = methodText + METHOD_BYTES;
  needleTable = states + nodeCount * NODE_STATE;
  epoch = 1;
  stamp = 1;
}

/** Forgets all wants. */
export function newRequest(): void {
  newScan();
  if (++epoch == 0) {
    memory.fill(states, 0, nodeCount * NODE_STATE);
    epoch = 1;
  }
}

/** Forgets all captures. */
export function newScan(): void {
  if (++stamp == 0) {
    for (let n: u32 = 0; n < nodeCount; n++) memory.fill(states + n * NODE_STATE + 8, 0, NODE_STATE - 8);
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
  store<u32>(states + n * NODE_STATE, epoch, 4);
}

/** What the reading found at node `n`; 0: nothing. */
export function captureOf(n: u32, reading: u32): usize {
  const capture = states + n * NODE_STATE + 8 + reading * 32;
  return load<u32>(capture) == stamp ? capture : 0;
}

export function capture(n: u32, reading: u32, kind: u32, ptr: usize, len: u32, writing: u32): void {
  const to = states + n * NODE_STATE + 8 + reading * 32;
  store<u32>(to, stamp);
  store<u32>(to, kind, 4);
  store<u32>(to, <u32>ptr, 8);
  store<u32>(to, len, 12);
  store<u32>(to, writing, 16);
  store<u32>(to, 0, 20);
}
