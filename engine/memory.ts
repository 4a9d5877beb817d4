/**
 * Where everything lives in linear memory.
 *
 *   static data | request areas | program | working tables | body | slabs of the limits, a page at a time
 *
 * Everything but the slabs is taken once, when a program is loaded; a decision takes nothing.
 */

/** Bytes of a URL that is looked at; one more byte tells a longer one. */
export const URL_MAX: u32 = 16384;
export const METHOD_AREA: u32 = 256;
export const URL_AREA: u32 = 17408;
export const AGENT_AREA: u32 = 1024;
export const TOOL_AREA: u32 = 1024;
/** Header lines: values, names and eight bytes of framing a line. */
export const HEADER_AREA: u32 = 2359296;
/** The joined value of one header: every value, and two bytes a line. */
export const JOIN_AREA: u32 = 1048576;
/** Keys and stamps on their way in or out. */
export const TRANSFER_AREA: u32 = 65536;

export let methodArea: usize = 0;
export let urlArea: usize = 0;
export let agentArea: usize = 0;
export let toolArea: usize = 0;
export let headerArea: usize = 0;
export let joinArea: usize = 0;
export let transferArea: usize = 0;
export let bodyArea: usize = 0;
export let bodyCapacity: u32 = 0;

let top: usize = 0;

/** Takes `bytes` for good, 16-byte aligned and zero. 0 when memory has run out. */
export function take(bytes: u32): usize {
  if (top == 0) top = (__heap_base + 15) & ~15;
  const at = top;
  const end: u64 = <u64>at + ((<u64>bytes + 15) & ~15);
  const have: u64 = <u64>memory.size() << 16;
  if (end > have) {
    // A megabyte at a time: growing costs more than what it grows by.
    const pages = <i32>((end - have + 65535) >> 16);
    if (memory.grow((pages + 15) & ~15) < 0) return 0;
  }
  top = <usize>end;
  return at;
}

/** One fresh zeroed page of 64 KiB from the end of memory; 0 when memory has run out. Only after all `take`s. */
export function takePage(): usize {
  const old = memory.grow(1);
  return old < 0 ? 0 : <usize>old << 16;
}

export function takeRequestAreas(): bool {
  if (methodArea != 0) return true;
  methodArea = take(METHOD_AREA);
  urlArea = take(URL_AREA);
  agentArea = take(AGENT_AREA);
  toolArea = take(TOOL_AREA);
  headerArea = take(HEADER_AREA);
  joinArea = take(JOIN_AREA);
  transferArea = take(TRANSFER_AREA);
  return transferArea != 0;
}

export function takeBodyArea(bytes: u32): bool {
  bodyArea = take(bytes + 64);
  bodyCapacity = bytes;
  return bodyArea != 0;
}
