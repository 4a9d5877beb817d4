/**
 * The readings of a method: itself, the override headers, `_method` in the query and in a form.
 * Kept as the set of the policy's own methods among them, and whether there is another or an unreadable one.
 */
import {
  ALLOW, FALSE, H_METHODS, H_METHOD_IDS, H_SPECIAL, PARENT_METHODS, R_METHOD, R_METHODS, TRUE, UNKNOWN, cell, head, lookup,
  ruleWord,
} from './program';
import { hashBytes, isToken } from './text';
import { lineLength, lineText, member, memberLen, memberPtr, nextLine } from './headers';
import { nameIs, queryPairs, valueKnown, valueLen, valuePtr } from './query';
import { bodyFormMethodCount, bodyFormMethodLen, bodyFormMethodPtr } from './body/index';
import { methodArea, take } from './memory';

const LONGEST: u32 = 256;
const underscoreMethod: usize = memory.data<u8>([95, 109, 101, 116, 104, 111, 100]);

let upper: usize = 0;
let marks: usize = 0;
let present: usize = 0;
let presentCount: u32 = 0;
let epoch: u32 = 0;
let other: bool = false;
let unreadable: bool = false;
let gathered: bool = false;
let formGathered: bool = false;
let length: u32 = 0;

export function initMethod(): bool {
  upper = take(LONGEST);
  marks = take((head(H_METHOD_IDS) + 1) << 2);
  present = take((head(H_METHOD_IDS) + 1) << 2);
  return present != 0;
}

/** False when the request's own method is no token. */
export function readMethod(n: u32): bool {
  length = n;
  gathered = false;
  formGathered = false;
  return n <= 64 && isToken(methodArea, n);
}

function addReading(p: usize, n: u32): void {
  if (!isToken(p, n)) {
    unreadable = true;
    return;
  }
  if (n > LONGEST) {
    other = true;
    return;
  }
  for (let i: u32 = 0; i < n; i++) {
    const c: u32 = load<u8>(p + i);
    store<u8>(upper + i, <u8>(c >= 97 && c <= 122 ? c - 32 : c));
  }
  const id = lookup(PARENT_METHODS, hashBytes(upper, n), upper, n);
  if (id < 0 || <u32>id >= head(H_METHOD_IDS)) {
    other = true;
    return;
  }
  const at = marks + (<usize>id << 2);
  if (load<u32>(at) == epoch) return;
  store<u32>(at, epoch);
  store<u32>(present + (presentCount++ << 2), <u32>id);
}

function gather(): void {
  if (gathered) return;
  gathered = true;
  if (++epoch == 0) {
    memory.fill(marks, 0, head(H_METHOD_IDS) << 2);
    epoch = 1;
  }
  presentCount = 0;
  other = false;
  unreadable = false;
  addReading(methodArea, length);
  for (let k: u32 = 0; k < 3; k++) {
    const h = head(H_SPECIAL + k);
    if (h == 0) continue;
    for (let line = nextLine(h - 1, 0); line != 0; line = nextLine(h - 1, line)) {
      for (let at: i32 = 0; at >= 0; ) {
        at = member(lineText(line), lineLength(line), <u32>at);
        addReading(memberPtr, memberLen);
      }
    }
  }
  for (let i: u32 = 0, n = queryPairs(); i < n; i++) {
    const named = nameIs(i, underscoreMethod, 7);
    if (named == FALSE) continue;
    if (named == UNKNOWN || !valueKnown(i)) unreadable = true;
    else addReading(valuePtr(i), valueLen(i));
  }
}

/** Adds the readings of a form that has been scanned. */
export function gatherForm(): void {
  gather();
  if (formGathered) return;
  formGathered = true;
  const n = bodyFormMethodCount();
  if (n < 0) unreadable = true;
  for (let k: i32 = 0; k < n; k++) addReading(bodyFormMethodPtr(<u32>k), bodyFormMethodLen(<u32>k));
}

function listed(id: u32, start: u32, count: u32): bool {
  for (let k: u32 = 0; k < count; k++) if (cell(H_METHODS, 1, start + k, 0) == id) return true;
  return false;
}

/** The method matcher of `rule`: any reading in a deny or a limit, every reading in an allow. */
export function testMethod(rule: u32, effect: u32): u32 {
  const kind = ruleWord(rule, R_METHOD);
  if (kind == 0) return TRUE;
  gather();
  if (kind == 1) return effect == ALLOW && unreadable ? UNKNOWN : TRUE;
  const start = ruleWord(rule, R_METHODS);
  const count = ruleWord(rule, R_METHODS + 1);
  let some = false;
  let every = !other;
  for (let i: u32 = 0; i < presentCount; i++) {
    if (listed(load<u32>(present + (<usize>i << 2)), start, count)) some = true;
    else every = false;
  }
  if (effect == ALLOW) return !every ? FALSE : unreadable ? UNKNOWN : TRUE;
  return some ? TRUE : unreadable ? UNKNOWN : FALSE;
}
