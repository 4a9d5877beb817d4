/**
 * Whether the request at hand is a call of a tool, and its name.
 * The host says so just before it asks; one decision uses it up, so that no name reaches the next request.
 */
import { TOOL_AREA, toolArea } from './memory';
import { isUtf8 } from './text';
import { readName } from './path';

export let isTool: bool = false;
let named: bool = false;
let nameLen: u32 = 0;

/** The next request is a call of the tool whose `n` bytes are in the tool area. */
export function setTool(n: u32): void {
  named = true;
  nameLen = n;
}

/** False when the name cannot be judged. */
export function takeTool(): bool {
  isTool = named;
  named = false;
  if (!isTool) return true;
  return nameLen > 0 && nameLen <= TOOL_AREA && isUtf8(toolArea, nameLen, true) && readName(toolArea, nameLen);
}
