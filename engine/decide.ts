/**
 * The order of a decision (language, §6), from a request in the request areas to a code and a rule.
 *
 *   1 a request that cannot be judged   3 the agent   4 the body   5 deny   6 allow, default   7 limits
 *
 * The first pass settles every rule that needs no body and keeps the others; the second runs after one scan of the body.
 */
import {
  ALLOW, DENY, FALSE, FLAG_DEFAULT_ALLOW, H_ALWAYS, H_FLAGS, H_HEADERS, H_RULES, H_SPECIAL, LIMIT, R_ARGS, R_BODY, R_EFFECT,
  R_METHOD, R_RANK, TRUE, UNKNOWN, bad, base, cell, head, ruleWord,
} from './program';
import {
  EXHAUSTED, LIMITED, checkLimit, failedCode, failedRule, settleLimits, shadowRefuses, startLimits, waitMs, wantsField,
} from './limits/window';
import { bodyArea, bodyCapacity, take, urlArea } from './memory';
import { bodyOpen, bodyReset, bodyScan, bodyTest, bodyWantField, bodyWantMatcher, isFormType } from './body/index';
import { findRules, metArea, metCount } from './index-walk';
import { gatherForm, readMethod, testMethod } from './method';
import { lineLength, lineText, member, memberLen, memberPtr, nextLine, readHeaders } from './headers';
import { readHosts } from './host';
import { TOOL, noUrl, readUrl, scheme } from './url';
import { isShadow, noteShadow, resetShadows } from './shadow';
import { isTool, takeTool } from './tool';
import { readNoPath, readPaths } from './path';
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

/** Rules that wait for the body (of a tool call: its arguments), and limits that apply: [rule, verdict so far]. */
let waiting: usize = 0;
let waitingCount: u32 = 0;
/** Of those, how many are no shadow rules. */
let waitingBinding: u32 = 0;
let limits: usize = 0;
let limitCount: u32 = 0;

let denyRule: i32 = -1;
let denyVerdict: u32 = 0;
let denyRank: u32 = 0;
let allowRule: i32 = -1;
let allowRank: u32 = 0;

/** Where a rule says which matchers look at the bytes: R_BODY, for a tool call R_ARGS. */
let looksAt: u32 = 0;
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
  if (effect < LIMIT && isShadow(rule)) {
    if (effect == DENY || verdict == TRUE) noteShadow(rule);
  } else if (effect == DENY) {
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
  const looks = formMethod || ruleWord(rule, looksAt + 1) != 0;
  const shadow = isShadow(rule);
  if (!looks && !shadow && cannotWin(rule, effect)) return;
  const verdict = testRule(rule, effect, formMethod);
  if (!looks) return settle(rule, effect, verdict);
  if (verdict == FALSE) return;
  if (!shadow) waitingBinding++;
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
  if (ruleWord(rule, looksAt + 1) != 0) {
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
  const first = ruleWord(rule, looksAt);
  for (let m = first, end = first + ruleWord(rule, looksAt + 1); m < end && verdict != FALSE; m++) {
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

/** `application/json`, what arguments are. */
const jsonType: usize = memory.data<u8>([97, 112, 112, 108, 105, 99, 97, 116, 105, 111, 110, 47, 106, 115, 111, 110]);

function isIdentity(p: usize, n: u32): bool {
  if (n != 8) return false;
  for (let i: u32 = 0; i < 8; i++) if ((load<u8>(p + i) | 32) != load<u8>(identity + i)) return false;
  return true;
}

function wantFields(list: usize, count: u32, shadows: bool): void {
  for (let i: u32 = 0; i < count; i++) {
    const rule = load<u32>(list + (<usize>i << 3));
    if (ruleWord(rule, R_EFFECT) < 2 || (!shadows && isShadow(rule))) continue;
    const field = wantsField(rule);
    if (field >= 0) bodyWantField(<u32>field);
  }
}

/**
 * One pass over a body of `n` bytes, or over none, for all that is asked of it. What shadow rules ask could make a body
 * ambiguous that is not so for the others, so those are never scanned for together with what decides.
 */
function scan(n: u32, shadows: bool): void {
  if (shadows) bodyReset();
  if (n > 0 && isTool) bodyOpen(bodyArea, n, jsonType, 16, 1, false);
  else if (n > 0) {
    const type = contentType();
    bodyOpen(
      bodyArea, n, type == 0 ? 0 : lineText(type), type == 0 ? 0 : lineLength(type), countLines(head(H_SPECIAL + 3)),
      !decoded && isEncoded(),
    );
  }
  for (let i: u32 = 0; i < waitingCount; i++) {
    const rule = load<u32>(waiting + (<usize>i << 3));
    if (!shadows && isShadow(rule)) continue;
    const first = ruleWord(rule, looksAt);
    for (let m = first, end = first + ruleWord(rule, looksAt + 1); m < end; m++) bodyWantMatcher(m);
  }
  if (!isTool) {
    wantFields(waiting, waitingCount, shadows);
    wantFields(limits, limitCount, shadows);
  }
  bodyScan();
  scanned = true;
}

/** Second pass over the rules that waited and are shadows, or are not. */
function concludeAll(shadows: bool, tooLarge: bool): void {
  for (let i: u32 = 0; i < waitingCount; i++) {
    const at = waiting + (<usize>i << 3);
    const rule = load<u32>(at);
    if (isShadow(rule) != shadows) continue;
    if (tooLarge) guess(rule, load<u32>(at, 4));
    else conclude(rule, load<u32>(at, 4));
  }
}

/** What binds; the answer as far as rules and default give one. */
function said(): i32 {
  if (denyRule >= 0) return answer(RULE_DENIED, denyRule, denyVerdict == UNKNOWN);
  if (allowRule >= 0) return answer(RULE_ALLOWED, allowRule, guessed);
  return answer((head(H_FLAGS) & FLAG_DEFAULT_ALLOW) != 0 ? DEFAULT_ALLOWED : DEFAULT_DENIED, -1, guessed);
}

/** Notes the shadow rules that would have fired, after everything that binds is settled. */
function shade(n: u32, tooLarge: bool, passes: bool): void {
  const waited = waitingCount > waitingBinding;
  if (waited && !tooLarge) scan(n, true);
  if (waited) concludeAll(true, tooLarge);
  if (!passes) return;
  if (!waited && !tooLarge && !isTool && n > 0 && limitWantsBody(true)) scan(n, true);
  const body = scanned && !isTool;
  for (let i: u32 = 0; i < limitCount; i++) {
    const rule = load<u32>(limits + (<usize>i << 3));
    if (isShadow(rule) && shadowRefuses(rule, body)) noteShadow(rule);
  }
}

/** Any limit that applies, or any that applies and is a shadow, counts by a field of the body. */
function limitWantsBody(shadowsOnly: bool): bool {
  for (let i: u32 = 0; i < limitCount; i++) {
    const rule = load<u32>(limits + (<usize>i << 3));
    if (wantsField(rule) >= 0 && (!shadowsOnly || isShadow(rule))) return true;
  }
  return false;
}

export function decideRequest(
  methodLen: u32, urlLen: u32, headerLen: u32, bodyKind: u32, bodyLen: u32, wall: f64, monotonic: f64,
  permissive: bool, hold: bool,
): i32 {
  startLimits(monotonic);
  setWall(wall);
  resetQuery();
  resetShadows();
  const named = takeTool();
  looksAt = isTool ? R_ARGS : R_BODY;
  waitingCount = 0;
  waitingBinding = 0;
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
  if (!named || !readMethod(methodLen)) return answer(REQUEST_INVALID, -1, false);
  const hasUrl = !isTool || urlLen > 0;
  if (!hasUrl) noUrl();
  else if (!readUrl(urlArea, urlLen) || !readHosts() || (isTool && scheme != TOOL)) {
    return answer(REQUEST_INVALID, -1, false);
  }
  if (!spokenFor) return answer(NO_POLICY_FOR_AGENT, -1, false);

  decoded = bodyKind == BODY_DECODED;
  if (decoded) bodyKind = BODY_BYTES;
  if (bodyKind == BODY_BYTES && bodyLen == 0) bodyKind = BODY_NONE;
  if (bodyKind == BODY_BYTES && bodyLen > bodyCapacity) bodyKind = 3;
  bodyReset();
  if (bodyKind != BODY_NONE && !isTool) {
    const type = contentType();
    if (type != 0) isForm = isFormType(lineText(type), lineLength(type), countLines(head(H_SPECIAL + 3)));
  }

  if (hasUrl) readPaths();
  else readNoPath();
  findRules();
  for (let i: u32 = 0; i < metCount; i++) consider(load<u32>(metArea + (<usize>i << 2)));
  for (let i: u32 = 0, n = head(H_ALWAYS + 1); i < n; i++) consider(cell(H_ALWAYS, 1, i, 0));

  const tooLarge = bodyKind > BODY_BYTES;
  const n: u32 = bodyKind == BODY_BYTES ? bodyLen : 0;
  if (waitingCount > 0) {
    if (bodyKind == BODY_UNREAD) return answer(bad ? CODE_BROKEN : NEED_BODY, -1, false);
    // What only shadow rules want to see is no reason to refuse, nor to doubt.
    guessed = tooLarge && waitingBinding > 0;
    if (guessed && !permissive) return answer(bad ? CODE_BROKEN : BODY_TOO_LARGE, -1, false);
    if (waitingBinding > 0) {
      if (!tooLarge) scan(n, false);
      concludeAll(false, tooLarge);
    }
  }
  if (bad) return answer(CODE_BROKEN, -1, false);

  const binding = said();
  const code = binding & 15;
  const passes = code == RULE_ALLOWED || code == DEFAULT_ALLOWED;
  if (passes && limitCount > 0) {
    if (!scanned && bodyKind != BODY_NONE && !isTool && limitWantsBody(false)) {
      if (bodyKind == BODY_UNREAD) return answer(NEED_BODY, -1, false);
      if (n > 0) scan(n, false);
    }
    const body = scanned && !isTool;
    for (let i: u32 = 0; i < limitCount; i++) {
      const rule = load<u32>(limits + (<usize>i << 3));
      if (!isShadow(rule)) checkLimit(rule, body);
    }
    if (failedRule >= 0) settleLimits(false);
  }
  shade(n, tooLarge, passes);
  if (!hold) settleLimits(true);
  if (bad) return answer(CODE_BROKEN, -1, false);
  if (failedRule >= 0) {
    return answer(failedCode == EXHAUSTED ? LIMIT_KEYS_EXHAUSTED : RATE_LIMITED, failedRule, guessed);
  }
  return binding;
}

/** Milliseconds until the call would pass, 0 unless rate limited. */
export function waitOfAnswer(): u32 {
  return failedRule >= 0 && failedCode == LIMITED ? waitMs : 0;
}
