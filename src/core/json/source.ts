/**
 * Pieces of the source text of JSON, where the parsed value has lost what matters: numbers as they were written, names
 * given twice.
 *
 *   in   : text that is known to be JSON
 *   out  : counts and slices of it
 *   never: checks the grammar
 */

/**
 * Member names in a text that is known to be JSON: strings followed by a colon. More names than the parsed objects
 * have keys means that a name was given twice and the parser kept one.
 */
export function countNames(json: string): number {
  let names = 0;
  let open = json.indexOf('"');
  while (open !== -1) {
    let i = endOfString(json, open);
    let c = json.charCodeAt(i);
    while (c === 0x20 || c === 0x09 || c === 0x0d || c === 0x0a) c = json.charCodeAt(++i);
    if (c === 0x3a) names++;
    open = json.indexOf('"', i);
  }
  return names;
}

/** Place after the closing quote of the string that opens at `open`, in a text known to be JSON. */
function endOfString(json: string, open: number): number {
  let close = json.indexOf('"', open + 1);
  while (json.charCodeAt(close - 1) === 0x5c) {
    let slashes = 1;
    while (json.charCodeAt(close - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) break;
    close = json.indexOf('"', close + 1);
  }
  return close + 1;
}

/** Source text of the value in an object known to have one member. A name given twice leaves text that is no JSON. */
export function onlyValue(json: string): string {
  const colon = json.indexOf(':', endOfString(json, json.indexOf('"')));
  return json.slice(colon + 1, json.lastIndexOf('}')).trim();
}

/** Source text of the member `name` of an object, the last one where it is given twice; null when there is none. */
export function memberSource(json: string, name: string): string | null {
  let found: string | null = null;
  let i = skipSpace(json, 0) + 1;
  for (;;) {
    i = skipSpace(json, i);
    if (json.charCodeAt(i) !== QUOTE) return found;
    const nameEnd = endOfString(json, i);
    const start = skipSpace(json, skipSpace(json, nameEnd) + 1);
    const end = endOfValue(json, start);
    if (JSON.parse(json.slice(i, nameEnd)) === name) found = json.slice(start, end);
    i = skipSpace(json, end);
    if (json.charCodeAt(i) !== COMMA) return found;
    i++;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const CLOSING = /[\s,\]}]/g;

/** Place after the value that begins at `at`. */
function endOfValue(json: string, at: number): number {
  const c = json.charCodeAt(at);
  if (c === QUOTE) return endOfString(json, at);
  if (c !== 0x7b && c !== 0x5b) {
    CLOSING.lastIndex = at;
    return CLOSING.test(json) ? CLOSING.lastIndex - 1 : json.length;
  }
  let depth = 0;
  for (let i = at; i < json.length; ) {
    const byte = json.charCodeAt(i);
    if (byte === QUOTE) {
      i = endOfString(json, i);
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) depth++;
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return i + 1;
    i++;
  }
  return json.length;
}

function skipSpace(json: string, at: number): number {
  let i = at;
  for (let c = json.charCodeAt(i); c === 0x20 || c === 0x09 || c === 0x0d || c === 0x0a; c = json.charCodeAt(i)) i++;
  return i;
}
