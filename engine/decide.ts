/**
 * The order of a decision (language, §6), from a request in the request areas to a code and a rule.
 *
 *   1 a request that cannot be judged   3 the agent   4 the body   5 deny   6 allow, default   7 limits
 *
 * The first pass settles every rule that needs no body and keeps the others; the second runs after one scan of the body.
 */
import {
  ALLOW, DENY, FALSE, FLAG_DEFAULT_ALLOW, H_ALWAYS, H_FLAGS, H_HEADERS, H_RULES, H_SPECIAL, R_BODY, R_EFFECT, R_METHOD, R_RANK,
  TRUE, UNKNOWN, bad, base, cell, head, ruleWord,
} from './program';
import { EXHAUSTED, LIMITED, checkLimit, failedCode, failedRule, settleLimits, startLimits, waitMs, wantsField } from './limits/window';
import { bodyArea, bodyCapacity, take, urlArea } from './memory';
import { bodyOpen, bodyReset, bodyScan, bodyTest, bodyWantField, bodyWantMatcher, isFormType } from './body/index';
import { findRules, metArea, metCount } from './index-walk';
import { gatherForm, readMethod, testMethod } from './method';
import { lineLength, lineText, member, memberLen, memberPtr, nextLine, readHeaders } from './headers';
import { readHosts } from './host';
import { readPaths } from './path';
import { readUrl } from './url';
import { resetQuery } from './query';
import { setWall } from './time';
import { spokenFor } from './agents';
import { testRule } from './rules';

export const CODE_BROKEN: u32 = 0;
export const RULE_ALLOWED: u32 = 1;
export const DEFAULT_ALLOWED: u32 = 2;
export const REQUEST_INVALID: u32 = 3;
export const NO_POLICY_FOR_AGENT: u32 = 4;
export const BODY_TOO_LARGE: u32 = 5;
export const RULE_DENIED: u32 = 6;
export const DEFAULT_DENIED: u32 = 7;
export const RATE_LIMITED: u32 = 8;
export const LIMIT_KEYS_EXHAUSTED: u32 = 9;
export const NEED_BODY: u32 = 15;

const BODY_NONE: u32 = 0;
const BODY_UNREAD: u32 = 1;
const BODY_BYTES: u32 = 2;
/** As bytes; the header that says how they are encoded no longer holds. */
const BODY_DECODED: u32 = 4;

/** Rules that wait for the body, and limits that apply: [rule, verdict so far]. */
let waiting: usize = 0;
let waitingCount: u32 = 0;
let limits: usize = 0;
let limitCount: u32 = 0;

let denyRule: i32 = -1;
let denyVerdict: u32 = 0;
let denyRank: u32 = 0;
let allowRule: i32 = -1;
let allowRank: u32 = 0;

let isForm: bool = false;
let decoded: bool = false;
let scanned: bool = false;
/** A body that nobody read stands in the way of a sure answer, and the caller wants a guess. */
let guessed: bool = false;

export function initDecide(): bool {
  const rules = head(H_RULES + 1) + 1;
  waiting = take(rules << 3);
  limits = take(rules << 3);
  return limits != 0;
}

/** Four bits of code, then `uncertain`, then rule + 1. */
function answer(code: u32, rule: i32, uncertain: bool): i32 {
  return <i32>(code | (<u32>uncertain << 4) | (<u32>(rule + 1) << 5));
}

function settle(rule: u32, effect: u32, verdict: u32): void {
  if (verdict == FALSE) return;
  if (effect == DENY) {
    const rank = ruleWord(rule, R_RANK);
    if (verdict < denyVerdict || (verdict == denyVerdict && rank >= denyRank)) return;
    denyRule = <i32>rule;
    denyVerdict = verdict;
    denyRank = rank;
  } else if (effect == ALLOW) {
    if (verdict != TRUE) return;
    const rank = ruleWord(rule, R_RANK);
    if (allowRule >= 0 && rank >= allowRank) return;
    allowRule = <i32>rule;
    allowRank = rank;
  } else {
    const at = limits + (limitCount++ << 3);
    store<u32>(at, rule);
    store<u32>(at, verdict, 4);
  }
}

/** Cannot change the answer, whatever its verdict. */
function cannotWin(rule: u32, effect: u32): bool {
  if (effect == DENY) return denyVerdict == TRUE && ruleWord(rule, R_RANK) > denyRank;
  return effect == ALLOW && allowRule >= 0 && ruleWord(rule, R_RANK) > allowRank;
}

/** First pass over one rule: settled, out, or waiting for the body. */
function consider(rule: u32): void {
  const effect = ruleWord(rule, R_EFFECT);
  const formMethod = isForm && ruleWord(rule, R_METHOD) != 0;
  const looks = formMethod || ruleWord(rule, R_BODY + 1) != 0;
  if (!looks && cannotWin(rule, effect)) return;
  const verdict = testRule(rule, effect, formMethod);
  if (!looks) return settle(rule, effect, verdict);
  if (verdict == FALSE) return;
  const at = waiting + (waitingCount++ << 3);
  store<u32>(at, rule);
  store<u32>(at, verdict, 4);
}

/**
 * Second pass over a rule that waited for a body nobody read, in permissive: what the body would have said is FALSE in a
 * deny, else UNKNOWN. A method has readings beside the form, and those still count.
 */
function guess(rule: u32, verdict: u32): void {
  const effect = ruleWord(rule, R_EFFECT);
  if (isForm && ruleWord(rule, R_METHOD) != 0) {
    let v = testMethod(rule, effect);
    if (effect == ALLOW ? v > UNKNOWN : effect != DENY && v < UNKNOWN) v = UNKNOWN;
    if (v < verdict) verdict = v;
  }
  if (ruleWord(rule, R_BODY + 1) != 0) {
    const v = effect == DENY ? FALSE : UNKNOWN;
    if (v < verdict) verdict = v;
  }
  settle(rule, effect, verdict);
}

/** Second pass over a rule that waited: its body, and the method where it reads a form. */
function conclude(rule: u32, verdict: u32): void {
  const effect = ruleWord(rule, R_EFFECT);
  if (isForm && ruleWord(rule, R_METHOD) != 0) {
    gatherForm();
    const v = testMethod(rule, effect);
    if (v < verdict) verdict = v;
  }
  const first = ruleWord(rule, R_BODY);
  for (let m = first, end = first + ruleWord(rule, R_BODY + 1); m < end && verdict != FALSE; m++) {
    const v = <u32>bodyTest(m, effect);
    if (v < verdict) verdict = v;
  }
  settle(rule, effect, verdict);
}

function contentType(): usize {
  const h = head(H_SPECIAL + 3);
  return h == 0 ? 0 : nextLine(h - 1, 0);
}

function countLines(h: u32): u32 {
  let n: u32 = 0;
  if (h != 0) for (let line = nextLine(h - 1, 0); line != 0; line = nextLine(h - 1, line)) n++;
  return n;
}

/** A Content-Encoding that is more than empty or `identity`. */
function isEncoded(): bool {
  const h = head(H_SPECIAL + 4);
  if (h == 0) return false;
  for (let line = nextLine(h - 1, 0); line != 0; line = nextLine(h - 1, line)) {
    for (let at: i32 = 0; at >= 0; ) {
      at = member(lineText(line), lineLength(line), <u32>at);
      if (memberLen != 0 && !isIdentity(memberPtr, memberLen)) return true;
    }
  }
  return false;
}

const identity: usize = memory.data<u8>([105, 100, 101, 110, 116, 105, 116, 121]);

function isIdentity(p: usize, n: u32): bool {
  if (n != 8) return false;
  for (let i: u32 = 0; i < 8; i++) if ((load<u8>(p + i) | 32) != load<u8>(identity + i)) return false;
  return true;
}

function wantFields(list: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const rule = load<u32>(list + (<usize>i << 3));
    if (ruleWord(rule, R_EFFECT) < 2) continue;
    const field = wantsField(rule);
    if (field >= 0) bodyWantField(<u32>field);
  }
}

/** One pass over a body of `n` bytes, or over none, for all that is asked of it. */
function scan(n: u32): void {
  if (n > 0) {
    const type = contentType();
    bodyOpen(
      bodyArea, n, type == 0 ? 0 : lineText(type), type == 0 ? 0 : lineLength(type), countLines(head(H_SPECIAL + 3)),
      !decoded && isEncoded(),
    );
  }
  for (let i: u32 = 0; i < waitingCount; i++) {
    const rule = load<u32>(waiting + (<usize>i << 3));
    const first = ruleWord(rule, R_BODY);
    for (let m = first, end = first + ruleWord(rule, R_BODY + 1); m < end; m++) bodyWantMatcher(m);
  }
  wantFields(waiting, waitingCount);
  wantFields(limits, limitCount);
  bodyScan();
  scanned = true;
}

/** Any limit that applies counts by a field of the body. */
function limitWantsBody(): bool {
  for (let i: u32 = 0; i < limitCount; i++) if (wantsField(load<u32>(limits + (<usize>i << 3))) >= 0) return true;
  return false;
}

export function decideRequest(
  methodLen: u32, urlLen: u32, headerLen: u32, bodyKind: u32, bodyLen: u32, wall: f64, monotonic: f64,
  permissive: bool,
): i32 {
  startLimits(monotonic);
  setWall(wall);
  resetQuery();
  waitingCount = 0;
  limitCount = 0;
  denyRule = -1;
  denyVerdict = FALSE;
  denyRank = 0;
  allowRule = -1;
  allowRank = 0;
  scanned = false;
  guessed = false;
  isForm = false;
  if (bad || base == 0) return answer(CODE_BROKEN, -1, false);

  if (!readHeaders(headerLen, head(H_HEADERS + 1))) return answer(REQUEST_INVALID, -1, false);
  if (!readMethod(methodLen) || !readUrl(urlArea, urlLen) || !readHosts()) return answer(REQUEST_INVALID, -1, false);
  if (!spokenFor) return answer(NO_POLICY_FOR_AGENT, -1, false);

  decoded = bodyKind == BODY_DECODED;
  if (decoded) bodyKind = BODY_BYTES;
  if (bodyKind == BODY_BYTES && bodyLen == 0) bodyKind = BODY_NONE;
  if (bodyKind == BODY_BYTES && bodyLen > bodyCapacity) bodyKind = 3;
  bodyReset();
  if (bodyKind != BODY_NONE) {
    const type = contentType();
    if (type != 0) isForm = isFormType(lineText(type), lineLength(type), countLines(head(H_SPECIAL + 3)));
  }

  readPaths();
  findRules();
  for (let i: u32 = 0; i < metCount; i++) consider(load<u32>(metArea + (<usize>i << 2)));
  for (let i: u32 = 0, n = head(H_ALWAYS + 1); i < n; i++) consider(cell(H_ALWAYS, 1, i, 0));

  if (waitingCount > 0) {
    if (bodyKind == BODY_UNREAD) return answer(bad ? CODE_BROKEN : NEED_BODY, -1, false);
    guessed = bodyKind > BODY_BYTES;
    if (guessed && !permissive) return answer(bad ? CODE_BROKEN : BODY_TOO_LARGE, -1, false);
    if (!guessed) scan(bodyKind == BODY_BYTES ? bodyLen : 0);
    for (let i: u32 = 0; i < waitingCount; i++) {
      const at = waiting + (<usize>i << 3);
      if (guessed) guess(load<u32>(at), load<u32>(at, 4));
      else conclude(load<u32>(at), load<u32>(at, 4));
    }
  }
  if (bad) return answer(CODE_BROKEN, -1, false);

  if (denyRule >= 0) return answer(RULE_DENIED, denyRule, denyVerdict == UNKNOWN);
  if (allowRule < 0 && (head(H_FLAGS) & FLAG_DEFAULT_ALLOW) == 0) return answer(DEFAULT_DENIED, -1, guessed);

  if (limitCount > 0) {
    if (!scanned && bodyKind != BODY_NONE && limitWantsBody()) {
      if (bodyKind == BODY_UNREAD) return answer(NEED_BODY, -1, false);
      if (bodyKind == BODY_BYTES) scan(bodyLen);
    }
    for (let i: u32 = 0; i < limitCount; i++) checkLimit(load<u32>(limits + (<usize>i << 3)), scanned);
    settleLimits();
    if (bad) return answer(CODE_BROKEN, -1, false);
    if (failedRule >= 0) {
      return answer(failedCode == EXHAUSTED ? LIMIT_KEYS_EXHAUSTED : RATE_LIMITED, failedRule, guessed);
    }
  }
  return allowRule >= 0 ? answer(RULE_ALLOWED, allowRule, guessed) : answer(DEFAULT_ALLOWED, -1, guessed);
}

/** Milliseconds until the call would pass, 0 unless rate limited. */
export function waitOfAnswer(): u32 {
  return failedRule >= 0 && failedCode == LIMITED ? waitMs : 0;
}
