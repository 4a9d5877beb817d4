/**
 * One record as one line: the RFC 8785 canonical form of a flat object.
 *
 *   - keys sorted by UTF-16 code units, no white space, strings escaped as JSON.stringify does (RFC 8785 §3.2.2.2);
 *   - values are strings of well-formed Unicode, booleans, and integers of magnitude ≤ 2^53−1. No null, no fractions,
 *     no arrays, no nested objects: any JSON parser gives back what was written.
 *
 * Worked bytes: { type: "x", seq: 0, ok: true, a: "\u0000\n\"€" } ↔ {"a":"\u0000\n\"€","ok":true,"seq":0,"type":"x"}
 *
 * Reading is strict: whatever parses but does not serialise to the same characters is told apart as `not_canonical`.
 */

export type FlatValue = string | number | boolean;
export type FlatRecord = Readonly<Record<string, FlatValue>>;

export type LineProblem = 'not_json' | 'not_an_object' | 'not_flat' | 'not_an_integer' | 'not_canonical';

export type ParsedLine =
  | { readonly ok: true; readonly record: FlatRecord }
  | { readonly ok: false; readonly problem: LineProblem };

const SURROGATE_ESCAPE = /\\u[dD]/;

/**
 * The canonical line of `fields`, without a newline.
 *
 * @throws TypeError for a value that no record may hold (a fraction, a lone surrogate): a caller's defect.
 */
export function canonicalLine(fields: FlatRecord): string {
  let line = '{';
  for (const key of Object.keys(fields).sort()) {
    const value = fields[key];
    if (line.length > 1) line += ',';
    line += `${stringToken(key)}:${valueToken(key, value)}`;
  }
  return `${line}}`;
}

function valueToken(key: string, value: unknown): string {
  switch (typeof value) {
    case 'string':
      return stringToken(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (Number.isSafeInteger(value)) return String(value);
      break;
  }
  throw new TypeError(`audit field ${key} is neither text, integer nor boolean`);
}

function stringToken(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('audit text holds a lone surrogate');
  return JSON.stringify(text);
}

/** The inverse of {@link canonicalLine}: `canonicalLine(parseLine(x).record) === x` for every x it accepts. */
export function parseLine(line: string): ParsedLine {
  const refused = (problem: LineProblem): ParsedLine => ({ ok: false, problem });
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return refused('not_json');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refused('not_an_object');
  const record = value as FlatRecord;
  let sorted = true;
  let before = '';
  for (const key of Object.keys(record)) {
    const item: unknown = record[key];
    if (typeof item === 'object') return refused('not_flat');
    if (typeof item === 'number' && !Number.isSafeInteger(item)) return refused('not_an_integer');
    sorted &&= before <= key;
    before = key;
  }
  // A lone surrogate stands in the line itself, or comes from an escape that the canonical form never has.
  if (!line.isWellFormed() || (SURROGATE_ESCAPE.test(line) && !isWellFormed(record))) return refused('not_canonical');
  // Duplicate keys, white space, other escapes, another order, `1.0`, `-0`: all of it differs from what we would write.
  // JSON.stringify keeps the parsed order, which is that of the line unless a key looks like an array index.
  const written = sorted ? JSON.stringify(record) : canonicalLine(record);
  return written === line ? { ok: true, record } : refused('not_canonical');
}

function isWellFormed(record: FlatRecord): boolean {
  return Object.entries(record).every(pair => pair.every(text => typeof text !== 'string' || text.isWellFormed()));
}
