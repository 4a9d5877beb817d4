/**
 * The query, parsed as application/x-www-form-urlencoded, once and only when a rule asks.
 * A pair is [name address, length, value address, length, flags].
 */
import { FALSE, FIELD_WORDS, H_FIELDS, TRUE, UNKNOWN, ALLOW, bytesAt, cell } from './program';
import { isUtf8, percentDecode, same } from './text';
import { passes } from './strings';
import { queryLen, queryPtr } from './url';
import { take } from './memory';

const PAIRS_MAX: u32 = 8704;
const ROW: u32 = 20;
const NAME_BAD: u32 = 1;
const VALUE_BAD: u32 = 2;

let pairArea: usize = 0;
let textArea: usize = 0;
let parsed: bool = false;
let count: u32 = 0;

export function initQuery(): bool {
  pairArea = take(PAIRS_MAX * ROW);
  textArea = take(17408);
  return textArea != 0;
}

export function resetQuery(): void {
  parsed = false;
  count = 0;
}

let out: usize = 0;

/** Decodes to `out` and moves it on; -1 when there is no reading. */
function decode(p: usize, n: u32): i32 {
  const written = percentDecode(p, n, out, true);
  return written >= 0 && isUtf8(out, <u32>written, false) ? written : -1;
}

function addPair(p: usize, n: u32): void {
  if (n == 0 || count >= PAIRS_MAX) return;
  let equals: u32 = 0;
  while (equals < n && load<u8>(p + equals) != 61) equals++;
  const row = pairArea + count++ * ROW;
  let flags: u32 = 0;
  const name = decode(p, equals);
  store<u32>(row, <u32>out);
  if (name < 0) flags |= NAME_BAD;
  else {
    store<u32>(row + 4, <u32>name);
    out += <u32>name;
  }
  const rest: u32 = equals < n ? equals + 1 : n;
  const value = decode(p + rest, n - rest);
  store<u32>(row + 8, <u32>out);
  if (value < 0) flags |= VALUE_BAD;
  else {
    store<u32>(row + 12, <u32>value);
    out += <u32>value;
  }
  store<u32>(row + 16, flags);
}

function parse(): void {
  if (parsed) return;
  parsed = true;
  out = textArea;
  let start: u32 = 0;
  for (let i: u32 = 0; i <= queryLen; i++) {
    if (i < queryLen && load<u8>(queryPtr + i) != 38) continue;
    if (queryLen > 0) addPair(queryPtr + start, i - start);
    start = i + 1;
  }
}

/** Pairs of the query; then `nameIs`, `valueKnown`, `valuePtr`, `valueLen` look at one. */
export function queryPairs(): u32 {
  parse();
  return count;
}

/** TRUE, FALSE, or UNKNOWN for a name that cannot be decoded: it could be any. */
export function nameIs(i: u32, p: usize, n: u32): u32 {
  const row = pairArea + i * ROW;
  if ((load<u32>(row + 16) & NAME_BAD) != 0) return UNKNOWN;
  return load<u32>(row + 4) == n && same(load<u32>(row), p, n) ? TRUE : FALSE;
}

export function valueKnown(i: u32): bool {
  return (load<u32>(pairArea + i * ROW + 16) & VALUE_BAD) == 0;
}

export function valuePtr(i: u32): usize {
  return load<u32>(pairArea + i * ROW + 8);
}

export function valueLen(i: u32): u32 {
  return load<u32>(pairArea + i * ROW + 12);
}

/** Field matcher `f` on the query. Every value of a repeated name is a reading. */
export function testQuery(f: u32, effect: u32): u32 {
  const len = cell(H_FIELDS, FIELD_WORDS, f, 2);
  const name = bytesAt(cell(H_FIELDS, FIELD_WORDS, f, 1), len);
  let any = FALSE;
  let all = TRUE;
  let seen = FALSE;
  for (let i: u32 = 0, n = queryPairs(); i < n; i++) {
    const named = nameIs(i, name, len);
    if (named == FALSE) continue;
    if (named > seen) seen = named;
    let reading = UNKNOWN;
    if (named == TRUE && valueKnown(i)) reading = passes(f, valuePtr(i), valueLen(i)) ? TRUE : FALSE;
    if (reading > any) any = reading;
    if (reading < all) all = reading;
  }
  if (cell(H_FIELDS, FIELD_WORDS, f, 0) == 0) return TRUE - seen;
  if (seen == FALSE) return FALSE;
  return effect == ALLOW ? all : any;
}
