/**
 * The line that nearly every line is: a decision or an outcome that follows from the one before, in canonical form, without
 * a signature. Told from its bytes, without making a string of them: some five times as fast as parsing, writing anew and
 * comparing, which is what is done with every line for which this says no.
 *
 * It says yes only where readRecord would agree (a test flips every byte); no proves nothing. Never throws.
 */
import { AUDIT_LINE_MAX_BYTES } from '../limits.js';

/** What the line must carry to follow. */
export interface Due {
  /** UTF-8 of the log's name. */
  readonly log: Uint8Array;
  readonly seq: number;
  /** 64 hexadecimal characters. */
  readonly prev: string;
}

/** Characters that stand for themselves in a JSON string: printable ASCII but `"` and `\`. */
const PLAIN = new Uint8Array(256);
for (let byte = 0x20; byte < 0x7f; byte++) PLAIN[byte] = byte === 0x22 || byte === 0x5c ? 0 : 1;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, c => c.charCodeAt(0));
const [QUOTE, COLON, COMMA, OPEN, CLOSE, MINUS, ZERO, NINE] = ascii('":,{}-09') as unknown as readonly [
  ...(readonly [number, number, number, number]),
  ...(readonly [number, number, number, number]),
];
const TRUE = ascii('true');
const FALSE = ascii('false');
const KEYS = { v: ascii('v'), log: ascii('log'), seq: ascii('seq'), sig: ascii('sig') };
const LONG_KEYS = { prev: ascii('prev'), time: ascii('time'), type: ascii('type') };
const TYPES = [ascii('decision'), ascii('outcome')];
/** `0` is any digit. */
const TIME = ascii('0000-00-00T00:00:00.000Z');
/** An integer of as many digits is exact whatever they are. */
const DIGITS_MAX = 15;
/** v, log, seq, prev, time, type. */
const ALL_SEEN = 0b111111;

/** Whether `bytes` from `begin` up to `end` are such a line. */
export function isOrdinary(bytes: Uint8Array, begin: number, end: number, due: Due): boolean {
  if (end - begin > AUDIT_LINE_MAX_BYTES || bytes[begin] !== OPEN || bytes[end - 1] !== CLOSE) return false;
  let at = begin + 1;
  let keyBefore = 0;
  let keyBeforeEnd = 0;
  let seen = 0;
  for (;;) {
    if (bytes[at] !== QUOTE) return false;
    const key = at + 1;
    const keyEnd = plainEnd(bytes, key);
    if (bytes[keyEnd] !== QUOTE || bytes[keyEnd + 1] !== COLON) return false;
    if (keyBefore > 0 && !isBefore(bytes, keyBefore, keyBeforeEnd, key, keyEnd)) return false;
    keyBefore = key;
    keyBeforeEnd = keyEnd;
    const value = keyEnd + 2;
    const valueEnd = endOfValue(bytes, value);
    if (valueEnd === 0) return false;
    const field = fieldOf(bytes, key, keyEnd);
    if (field !== 0) {
      if (!fits(bytes, field, value, valueEnd, due)) return false;
      seen |= field;
    }
    at = valueEnd + 1;
    if (bytes[valueEnd] === COMMA) continue;
    return valueEnd === end - 1 && seen === ALL_SEEN;
  }
}

const FIELD = { v: 1, log: 2, seq: 4, prev: 8, time: 16, type: 32, sig: 64 } as const;

function fieldOf(bytes: Uint8Array, key: number, end: number): number {
  switch (end - key) {
    case 1:
      return is(bytes, key, KEYS.v) ? FIELD.v : 0;
    case 3:
      if (is(bytes, key, KEYS.log)) return FIELD.log;
      if (is(bytes, key, KEYS.seq)) return FIELD.seq;
      return is(bytes, key, KEYS.sig) ? FIELD.sig : 0;
    case 4:
      if (is(bytes, key, LONG_KEYS.prev)) return FIELD.prev;
      if (is(bytes, key, LONG_KEYS.time)) return FIELD.time;
      return is(bytes, key, LONG_KEYS.type) ? FIELD.type : 0;
    default:
      return 0;
  }
}

/** @param value,end Of the token, with its quotes. */
function fits(bytes: Uint8Array, field: number, value: number, end: number, due: Due): boolean {
  const text = bytes[value] === QUOTE;
  const length = end - value - 2;
  switch (field) {
    case FIELD.v:
      return end === value + 1 && bytes[value] === ZERO + 1;
    case FIELD.seq:
      return !text && numberAt(bytes, value, end) === due.seq;
    case FIELD.log:
      return text && length === due.log.length && is(bytes, value + 1, due.log);
    case FIELD.prev:
      return text && length === due.prev.length && isText(bytes, value + 1, due.prev);
    case FIELD.time:
      return text && length === TIME.length && isTime(bytes, value + 1);
    case FIELD.type:
      return text && TYPES.some(type => length === type.length && is(bytes, value + 1, type));
    default:
      return false;
  }
}

/** The first place from `at` on that is no plain character. The array's end is none. */
function plainEnd(bytes: Uint8Array, at: number): number {
  let i = at;
  while (PLAIN[bytes[i] as number] === 1) i++;
  return i;
}

/** Just after the value; 0 for one that is not told here. */
function endOfValue(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first === QUOTE) {
    const end = plainEnd(bytes, at + 1);
    return bytes[end] === QUOTE ? end + 1 : 0;
  }
  if (first === MINUS || (first >= ZERO && first <= NINE)) return endOfInteger(bytes, at);
  if (is(bytes, at, TRUE)) return at + TRUE.length;
  return is(bytes, at, FALSE) ? at + FALSE.length : 0;
}

function endOfInteger(bytes: Uint8Array, at: number): number {
  if (bytes[at] === ZERO) return at + 1;
  const digits = bytes[at] === MINUS ? at + 1 : at;
  if (bytes[digits] === ZERO) return 0;
  let end = digits;
  while ((bytes[end] as number) >= ZERO && (bytes[end] as number) <= NINE) end++;
  return end === digits || end - digits > DIGITS_MAX ? 0 : end;
}

function numberAt(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === MINUS) return -1;
  let value = 0;
  for (let i = at; i < end; i++) value = value * 10 + (bytes[i] as number) - ZERO;
  return value;
}

function isTime(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < TIME.length; i++) {
    const byte = bytes[at + i] as number;
    if (TIME[i] === ZERO ? byte < ZERO || byte > NINE : byte !== TIME[i]) return false;
  }
  return true;
}

function is(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}

function isText(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Whether one key sorts before the other; equal ones do not. Of ASCII alone bytes sort as UTF-16 does. */
function isBefore(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): boolean {
  const length = Math.min(aEnd - a, bEnd - b);
  for (let i = 0; i < length; i++) {
    const difference = (bytes[b + i] as number) - (bytes[a + i] as number);
    if (difference !== 0) return difference > 0;
  }
  return bEnd - b > aEnd - a;
}
