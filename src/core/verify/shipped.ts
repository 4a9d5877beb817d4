/**
 * Lines as shippers and stores hand them on, back to the lines that were written.
 *
 * A record is flat and canonical, so any JSON parser and RFC 8785 give back its bytes; what a shipper adds is taken off:
 *
 *   json        {…record…}, keys in any order, any white space
 *   vector      {"message": "<line>", "file": …, "host": …, "source_type": …, "timestamp": …}, or the record's own fields at
 *               the top level with those four (and no `message`) beside them
 *   fluent-bit  {"date": …, "log": "<line>"} as the tail input without a parser makes it, or the record's own fields with
 *               `date` or `@timestamp` beside them (its JSON parser)
 *   journald    journalctl -o json: {"MESSAGE": "<line>", …}, or MESSAGE as an array of bytes
 *   loki        logcli -o jsonl: {"labels": …, "line": "<line>", "timestamp": …}
 *   otel        the Collector's file exporter: resourceLogs[].scopeLogs[].logRecords[].body.stringValue, many in one line
 *   syslog      any text (priority, time, host, tag), then the line, from its first `{"`
 *
 * What is none of it is handed on as it is: whoever judges the line says so. Pure; never throws.
 */
import { canonicalLine, type FlatRecord } from '../audit/canonical.js';
import { fromUtf8, utf8 } from '../bytes.js';

export const SHIPPERS = ['json', 'vector', 'fluent-bit', 'journald', 'loki', 'otel', 'syslog'] as const;
export type Shipper = (typeof SHIPPERS)[number];

/** The lines that one line of a copy holds; the line itself when it holds none that can be told. */
export type Restore = (line: Uint8Array) => readonly Uint8Array[];

type Json = Readonly<Record<string, unknown>>;

export function restorer(shipper: Shipper): Restore {
  const lines = LINES[shipper];
  return bytes => {
    const text = fromUtf8(bytes);
    const found = text === null ? null : lines(text);
    return found === null || found.length === 0 ? [bytes] : found.map(utf8);
  };
}

const LINES: Readonly<Record<Shipper, (text: string) => readonly string[] | null>> = {
  json: text => record(objectOf(text), []),
  vector: text => {
    const event = objectOf(text);
    return wrapped(event?.message) ?? record(event, ['file', 'host', 'source_type', 'timestamp']);
  },
  'fluent-bit': text => {
    const event = objectOf(text);
    // Our own `log` is a name; a whole record in its place is the line itself.
    return wrapped(event?.log) ?? record(event, ['date', '@timestamp']);
  },
  journald: text => {
    const message = objectOf(text)?.MESSAGE;
    return Array.isArray(message) ? wrapped(ofBytes(message)) : wrapped(message);
  },
  loki: text => wrapped(objectOf(text)?.line),
  otel: text => bodies(objectOf(text)),
  syslog: text => {
    const at = text.indexOf('{"');
    return at === -1 ? null : wrapped(text.slice(at).trimEnd());
  },
};

/** A line within the line: its own bytes if it has the form of one, whatever they are worth. */
function wrapped(value: unknown): readonly string[] | null {
  return typeof value === 'string' && value.startsWith('{') ? [value] : null;
}

/** The canonical line of a record's fields, without those that were added. */
function record(event: Json | null, added: readonly string[]): readonly string[] | null {
  if (event === null) return null;
  const fields = Object.entries(event).filter(([name]) => !added.includes(name));
  try {
    return [canonicalLine(Object.fromEntries(fields) as FlatRecord)];
  } catch {
    return null;
  }
}

function bodies(event: Json | null): readonly string[] {
  return list(event?.resourceLogs).flatMap(resource =>
    list(resource.scopeLogs).flatMap(scope =>
      list(scope.logRecords).flatMap(one => wrapped(json(one.body)?.stringValue) ?? []),
    ),
  );
}

function ofBytes(values: readonly unknown[]): string | null {
  const bytes = values.every(value => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256);
  return bytes ? fromUtf8(Uint8Array.from(values as readonly number[])) : null;
}

function objectOf(text: string): Json | null {
  try {
    return json(JSON.parse(text));
  } catch {
    return null;
  }
}

const json = (value: unknown): Json | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(one => json(one) !== null) : []);
