/**
 * The body half of a decision: which bodies can be read, what stands at the wanted paths, and whether it passes.
 *
 *   in   : a body section (src/core/policy/program/body.ts), the bytes of one body, its content type
 *   out  : FALSE 0, UNKNOWN 1, TRUE 2 for each matcher; a key for each limit field; the `_method` values of a form
 *   never: allocates, keeps anything of a body past the next bodyOpen or bodyReset, reads outside what it was given
 *
 * Order of calls: bodySectionCheck, bodyScratchBytes, bodyInit once; then for each request bodyReset or bodyOpen,
 * the wants, bodyScan, and any number of questions. A question about something not wanted is UNKNOWN.
 */

import { sectionCheck } from './check';
import { formAmbiguous, formScan, methodCount, methodDecode, methodLen } from './form';
import { beginFound, beginWhole, line, tooMany, verdicts } from './found';
import { jsonScan } from './json';
import { KEY_MAX, keyOf } from './key';
import { FIELD, fieldCount, fields, matcherAt, matcherCount } from './layout';
import { firstInk, linesScan, LINES_READ, NOT_LINES } from './lines';
import { classify, TYPE_FORM, TYPE_JSON, TYPE_LINES, TYPE_OTHER, TYPE_UNREADABLE, TYPE_UNREADABLE_FORM } from './media';
import { resetNames } from './names';
import { FALSE, judge, TRUE, UNKNOWN } from './operators';
import {
  ask, captureOf, isAsked, newRequest, newScan, READING_FORM, READING_JSON, scratchBytes, scratchInit, wanted,
} from './scratch';
import { want } from './trie';

/** Not a reading of this body; read; cannot be judged. */
const NO_READING: u32 = 0;
const READ: u32 = 1;
const UNREADABLE: u32 = 2;

/** A limit or deny takes the reading that says most, an allow the one that says least. */
const ALLOW: u32 = 0;
const DENY: u32 = 1;

let bodyPtr: usize = 0;
let bodyLen: u32 = 0;
/** False: whatever is asked is UNKNOWN. */
let readable: bool = false;
let mayBeForm: bool = false;
let type: u32 = TYPE_OTHER;
let readsJson: bool = false;
let readsForm: bool = false;
/** False while something is wanted that no scan has looked for. */
let scanned: bool = false;
let json: u32 = NO_READING;
let form: u32 = NO_READING;
let formRead: bool = false;

/** Whether the section is whole. Everything else may be called only after this said true. */
export function bodySectionCheck(ptr: usize, len: u32): bool {
  return sectionCheck(ptr, len);
}

/** Bytes of working memory for the checked section, a multiple of 16. */
export function bodyScratchBytes(): u32 {
  return scratchBytes();
}

export function bodyInit(scratch: usize): void {
  scratchInit(scratch);
  resetNames();
  bodyReset();
}

/** The request has no body. */
export function bodyReset(): void {
  open(0, 0);
}

/** `encodingPresent`: a Content-Encoding other than empty or identity stands. Zero bytes is no body. */
export function bodyOpen(ptr: usize, len: u32, ctPtr: usize, ctLen: u32, ctLines: u32, encodingPresent: bool): void {
  open(ptr, len);
  if (len == 0) return;
  type = classify(ctPtr, ctLen, ctLines);
  mayBeForm = type == TYPE_FORM || type == TYPE_UNREADABLE_FORM;
  readable = !encodingPresent && type != TYPE_UNREADABLE && type != TYPE_UNREADABLE_FORM;
  readsForm = type == TYPE_FORM;
}

function open(ptr: usize, len: u32): void {
  newRequest();
  bodyPtr = ptr;
  bodyLen = len;
  readable = false;
  mayBeForm = false;
  readsJson = false;
  readsForm = false;
  scanned = false;
  json = NO_READING;
  form = NO_READING;
  formRead = false;
}

function beginsLikeJson(): bool {
  const end = bodyPtr + bodyLen;
  const first = firstInk(bodyPtr, end);
  return first < end && (load<u8>(first) == 0x7b || load<u8>(first) == 0x5b);
}

/** Whether a body of this type may be a form, and so may carry `_method`. */
export function isFormType(ctPtr: usize, ctLen: u32, ctLines: u32): bool {
  const named = classify(ctPtr, ctLen, ctLines);
  return named == TYPE_FORM || named == TYPE_UNREADABLE_FORM;
}

export function bodyWantMatcher(i: u32): void {
  if (i >= matcherCount) return;
  const node = load<u32>(matcherAt(i));
  want(node);
  ask(i, node);
  scanned = false;
}

export function bodyWantField(j: u32): void {
  if (j >= fieldCount) return;
  want(load<u32>(fields + j * FIELD));
  scanned = false;
}

/** Reads the body once for everything wanted so far. */
export function bodyScan(): void {
  newScan();
  beginFound();
  scanned = true;
  if (bodyLen == 0 || !readable) return;
  scanJson();
  readsJson = json != NO_READING;
  if (readsForm) scanForm();
}

/** As lines, by the type or by their look, or else as one value; a form has a JSON reading only if it looks like one. */
function scanJson(): void {
  json = NO_READING;
  if (type != TYPE_JSON) {
    const lines = linesScan(bodyPtr, bodyLen, type == TYPE_LINES);
    if (lines != NOT_LINES) {
      json = lines == LINES_READ ? READ : UNREADABLE;
      return;
    }
    // The first line alone may have been looked at.
    newScan();
  }
  beginWhole();
  if (readsForm && !beginsLikeJson()) return;
  json = jsonScan(bodyPtr, bodyLen) ? READ : UNREADABLE;
}

function scanForm(): void {
  form = formScan(bodyPtr, bodyLen) ? READ : UNREADABLE;
  formRead = true;
}

/** What matcher `i` makes of a request without a body. */
export function bodyTestAbsent(i: u32): i32 {
  return i < matcherCount ? judge(matcherAt(i), 0, FALSE) : UNKNOWN;
}

/** FALSE 0, UNKNOWN 1, TRUE 2. `effect`: 0 allow, 1 deny, 2 limit. */
export function bodyTest(i: u32, effect: u32): i32 {
  if (i >= matcherCount) return UNKNOWN;
  const matcher = matcherAt(i);
  if (bodyLen == 0) return bodyTestAbsent(i);
  const node = load<u32>(matcher);
  if (!readable || !scanned || !isAsked(i) || tooMany()) return UNKNOWN;
  const absent = effect == DENY ? TRUE : FALSE;
  let said: u32 = 0;
  if (readsJson) said = json == READ ? verdicts(i, node, READING_JSON, absent) : 1 << UNKNOWN;
  if (readsForm) said |= form == READ && !formAmbiguous ? verdicts(i, node, READING_FORM, absent) : 1 << UNKNOWN;
  return effect == ALLOW ? ctz(said) : 31 - clz(said);
}

/** Longest key that bodyFieldKey writes. */
export const BODY_KEY_MAX: u32 = KEY_MAX;

/** Writes the key of field `j` to `out` (BODY_KEY_MAX bytes of room); 0: the shared key. */
export function bodyFieldKey(j: u32, out: usize): u32 {
  if (j >= fieldCount || bodyLen == 0 || !readable || !scanned || tooMany() || readsJson == readsForm) return 0;
  if (readsForm ? form != READ || formAmbiguous : json != READ || line != 1) return 0;
  const node = load<u32>(fields + j * FIELD);
  if (!wanted(node)) return 0;
  const found = captureOf(node, readsForm ? READING_FORM : READING_JSON);
  return found == 0 ? 0 : keyOf(found, out);
}

/** How many `_method` values a form has at its root, 0 for any other body; -1: the form cannot be read. */
export function bodyFormMethodCount(): i32 {
  if (bodyLen == 0 || !mayBeForm) return 0;
  if (!readable) return -1;
  if (!formRead) scanForm();
  return form == READ ? methodCount : -1;
}

/** Decoded bytes of value `k`, good until the next call of this or of bodyOpen; cut to 256 bytes. */
export function bodyFormMethodPtr(k: u32): usize {
  return methodDecode(k);
}

export function bodyFormMethodLen(k: u32): u32 {
  methodDecode(k);
  return methodLen;
}
