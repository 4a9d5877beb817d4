/**
 * Whether the request at hand is a call of a tool, and its name.
 * The host says so just before it asks; one decision uses it up, so that no name reaches the next request.
 */
import { TOOL_AREA, toolArea } from './memory';
import { isUtf8 } from './text';
import { readName } from './path';

export let isTool: bool = false;
/** Bytes of the name of the next request + 1; 0: it is HTTP. */
let next: u32 = 0;

/** The next request is a call of the tool whose `n` bytes are in the tool area. */
export function setTool(n: u32): void {
  next = n < 0xffffffff ? n + 1 : n;
}

/** False when the name cannot be judged. */
export function takeTool(): bool {
  isTool = next != 0;
  if (!isTool) return true;
  const n = next - 1;
  next = 0;
  return n > 0 && n <= TOOL_AREA && isUtf8(toolArea, n, true) && readName(toolArea, n);
}
