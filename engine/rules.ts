/** One rule's matchers but those on the body or the arguments, three-valued: the minimum of what is given. */
import {
  ALLOW, FALSE, PORT_ANY, PORT_DEFAULT, RULE_TOOL_CALLS, RULE_TOOL_NAMES, R_BODY, R_FLAGS, R_HEADERS, R_PATH_ANY, R_PORT,
  R_QUERY, R_SCHEMES, R_URL, TRUE, UNKNOWN, ruleWord,
} from './program';
import { defaultPort, port, scheme } from './url';
import { bodyTestAbsent } from './body/index';
import { isTool } from './tool';
import { pairs, pairsMet, toolMet } from './index-walk';
import { pathUnknown } from './path';
import { testHeader } from './headers';
import { testMethod } from './method';
import { testQuery } from './query';
import { testTime } from './time';

function testUrl(rule: u32, effect: u32): u32 {
  if (ruleWord(rule, R_URL) == 0) return TRUE;
  if ((ruleWord(rule, R_SCHEMES) & (1 << scheme)) == 0) return FALSE;
  const wanted = ruleWord(rule, R_PORT);
  if (wanted == PORT_DEFAULT) {
    if (port >= 0) return FALSE;
  } else if (wanted != PORT_ANY) {
    if (<u32>(port >= 0 ? port : defaultPort()) != wanted) return FALSE;
  }
  // A pair of readings that did not meet the rule is one that an allow must not overlook.
  if (effect == ALLOW && pairsMet(rule) != pairs) return FALSE;
  return pathUnknown && ruleWord(rule, R_PATH_ANY) == 0 ? UNKNOWN : TRUE;
}

/** A tool call has no body, whatever its arguments are; HTTP has no tool. */
function testKind(rule: u32): u32 {
  const flags = ruleWord(rule, R_FLAGS);
  if (!isTool) return (flags & RULE_TOOL_CALLS) != 0 ? FALSE : TRUE;
  if ((flags & RULE_TOOL_NAMES) != 0 && !toolMet(rule)) return FALSE;
  let worst = TRUE;
  const first = ruleWord(rule, R_BODY);
  for (let m = first, end = first + ruleWord(rule, R_BODY + 1); m < end; m++) {
    const v = <u32>bodyTestAbsent(m);
    if (v < worst) worst = v;
  }
  return worst;
}

/** `skipMethod`: the method also looks into a form that has not been read yet. */
export function testRule(rule: u32, effect: u32, skipMethod: bool): u32 {
  let worst = testKind(rule);
  if (worst == FALSE) return FALSE;
  const u = testUrl(rule, effect);
  if (u < worst) worst = u;
  if (worst == FALSE) return FALSE;
  if (!skipMethod) {
    const v = testMethod(rule, effect);
    if (v < worst) worst = v;
    if (worst == FALSE) return FALSE;
  }
  const t = testTime(rule);
  if (t < worst) worst = t;
  if (worst == FALSE) return FALSE;
  let first = ruleWord(rule, R_QUERY);
  for (let f = first, end = first + ruleWord(rule, R_QUERY + 1); f < end; f++) {
    const v = testQuery(f, effect);
    if (v < worst) worst = v;
    if (worst == FALSE) return FALSE;
  }
  first = ruleWord(rule, R_HEADERS);
  for (let f = first, end = first + ruleWord(rule, R_HEADERS + 1); f < end; f++) {
    const v = testHeader(f, effect);
    if (v < worst) worst = v;
    if (worst == FALSE) return FALSE;
  }
  return worst;
}
