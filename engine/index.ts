/**
 * What the host may call. Numbers only; text crosses in the request areas.
 *
 *   reserve → (host copies the program) → [check …] → load → [agent →] decide …
 *
 * `abi` is the version of all of this: areas, arguments, answer, program.
 */
import { CODE_BROKEN, decideRequest, initDecide, waitOfAnswer } from './decide';
import {
  AGENT_AREA, HEADER_AREA, METHOD_AREA, TOOL_AREA, TRANSFER_AREA, URL_AREA, agentArea, bodyArea, headerArea, methodArea, take,
  takeBodyArea, takeRequestAreas, toolArea, transferArea, urlArea,
} from './memory';
import { bodyInit, bodyScratchBytes } from './body/index';
import { initHost } from './host';
import { initKeyArea } from './limits/key-area';
import { initKeys } from './limits/keys';
import { initMethod } from './method';
import { initPath } from './path';
import { initQuery } from './query';
import { initWalk } from './index-walk';
import { initTime, zoneArea } from './time';
import { initWindows, settleLimits } from './limits/window';
import { open } from './program';
import { readAgent } from './agents';
import { setTool } from './tool';
import { shadowArea } from './shadow';
import { MORE, restart, validate } from './validate';

export {
  exportClock, exportKey, exportStamps, exportStart, importClock, importKey, importStamps,
} from './limits/transfer';

const NO_MEMORY: u32 = 100;
const NOT_RESERVED: u32 = 101;

let programAt: usize = 0;
let programLen: u32 = 0;
let loaded: bool = false;
/** Some of the program has been checked, and was sound. */
let opened: bool = false;

export function abi(): u32 {
  return 4;
}

/** Room for a program and for bodies of up to `inspectBytes`; where the program goes, 0 when there is no memory. Once. */
export function reserve(bytes: u32, inspectBytes: u32): usize {
  if (programAt != 0 || !takeRequestAreas()) return 0;
  programAt = take(bytes);
  programLen = bytes;
  if (programAt == 0 || !takeBodyArea(inspectBytes)) return 0;
  return programAt;
}

/** Checks the next `rows` rows of the program that the host has copied. 0: all were; 102: more are left; else what is wrong. */
export function check(rows: u32): u32 {
  if (programAt == 0 || loaded) return NOT_RESERVED;
  if (!opened) {
    open(programAt, programLen);
    restart();
    opened = true;
  }
  const came = validate(rows);
  if (came != 0 && came != MORE) {
    open(0, 0);
    opened = false;
  }
  return came;
}

/** Checks what is left to check, and takes what decisions need. 0: ready; else the number of what is wrong. */
export function load(): u32 {
  const wrong = check(u32.MAX_VALUE);
  if (wrong != 0) return wrong;
  const scratch = take(bodyScratchBytes());
  const ready =
    scratch != 0 && initHost() && initPath() && initQuery() && initWalk() && initMethod() && initDecide() && initKeys() &&
    initKeyArea() && initWindows() && initTime();
  if (!ready) {
    open(0, 0);
    return NO_MEMORY;
  }
  bodyInit(scratch);
  loaded = true;
  return 0;
}

/** The agent whose `n` bytes are in the agent area, until the next call. False when the name is too long. */
export function agent(n: u32): bool {
  return loaded && readAgent(n);
}

/** The next `decide` is about a call of the tool whose `n` bytes are in the tool area; its URL may be empty, its body is its arguments. */
export function tool(n: u32): void {
  setTool(n);
}

/**
 * Body kinds: 0 none, 1 unread, 2 bytes in the body area, 3 too large, 4 bytes whose Content-Encoding has been undone.
 * `permissive`: one that is too large is a guess, not a denial. `hold`: limits that pass are charged by `settle`, not now.
 */
export function decide(
  methodLen: u32, urlLen: u32, headerLen: u32, bodyKind: u32, bodyLen: u32, wallMs: f64, monotonicMs: f64,
  permissive: bool, hold: bool,
): i32 {
  if (!loaded) return CODE_BROKEN;
  return decideRequest(methodLen, urlLen, headerLen, bodyKind, bodyLen, wallMs, monotonicMs, permissive, hold);
}

/** Charges the limits of the last `decide`, when that was told to hold them, or gives back what is held. */
export function settle(charge: bool): void {
  if (loaded) settleLimits(charge);
}

export function retryAfter(): u32 {
  return waitOfAnswer();
}

/**
 * Address of area `k`: method, url, agent, headers, transfer, body, zones (a signed word each, seconds east of UTC), tool,
 * shadow rules of the last answer.
 */
export function area(k: u32): usize {
  if (k == 0) return methodArea;
  if (k == 1) return urlArea;
  if (k == 2) return agentArea;
  if (k == 3) return headerArea;
  if (k == 4) return transferArea;
  if (k == 6) return zoneArea;
  if (k == 7) return toolArea;
  return k == 8 ? shadowArea : bodyArea;
}

/** Bytes of area `k`; the body's is what the host asked for. */
export function areaBytes(k: u32): u32 {
  if (k == 0) return METHOD_AREA;
  if (k == 1) return URL_AREA;
  if (k == 2) return AGENT_AREA;
  if (k == 3) return HEADER_AREA;
  if (k == 7) return TOOL_AREA;
  return k == 4 ? TRANSFER_AREA : 0;
}
