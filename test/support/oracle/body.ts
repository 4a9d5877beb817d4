/** Which readings a body has: §3.4. */
import type { Lines } from './fields.js';
import { parseForm } from './form.js';
import { completes, type Node, parseJson } from './json.js';

/** One reading: the roots of its lines, of which a body that is no NDJSON has one. Null cannot be judged. */
export type Reading = readonly Node[] | null;

/** No body; one that cannot be read at all; or its readings. */
export type BodyView =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly maybeForm: boolean }
  | { readonly kind: 'read'; readonly readings: readonly Reading[]; readonly methods: readonly string[] | null };

/** `open` is absent or none that the text names. */
type Type = 'json' | 'open' | 'lines' | 'form' | 'unreadable' | 'unreadable form';

function typeOf(headers: Lines): Type {
  const lines = headers.filter(([name]) => name.toLowerCase() === 'content-type').map(([, value]) => value);
  if (lines.length === 0) return 'open';
  // A comma outside quotes begins a second type.
  const line = lines[0]!;
  if (lines.length > 1 || line.replace(/"(?:[^"\\]|\\.)*"/gs, '').includes(',')) return 'unreadable form';
  const [type = '', ...parameters] = (line.match(/(?:"(?:[^"\\]|\\.)*"|[^;"])+/gs) ?? []).map(p => p.trim());
  const isForm = /^application\/x-www-form-urlencoded$/i.test(type);
  const charsets = parameters.filter(p => /^charset\s*=/i.test(p)).map(p => p.slice(p.indexOf('=') + 1).trim());
  if (charsets.some(c => !/^("utf-8"|utf-8)$/i.test(c))) return isForm ? 'unreadable form' : 'unreadable';
  if (isForm) return 'form';
  if (/^application\/(x-)?(ndjson|jsonl|jsonlines)$/i.test(type)) return 'lines';
  return /^(application\/json|.+\+json)$/i.test(type) ? 'json' : 'open';
}

export const mayBeForm = (headers: Lines): boolean => typeOf(headers).includes('form');

/** `bytes` as decoded; null: they could not be. */
export function viewBody(bytes: Uint8Array | null, headers: Lines): BodyView {
  const type = typeOf(headers);
  if (bytes !== null && bytes.length === 0) return { kind: 'none' };
  if (bytes === null || type.startsWith('unreadable')) return { kind: 'unreadable', maybeForm: type.includes('form') };
  if (type === 'json') return { kind: 'read', readings: [whole(bytes)], methods: [] };
  if (type === 'lines') return { kind: 'read', readings: [linesOf(bytes)], methods: [] };
  const isLines = looksLikeLines(bytes);
  const json = isLines ? linesOf(bytes) : whole(bytes);
  if (type === 'open') return { kind: 'read', readings: [json], methods: [] };
  const form = parseForm(bytes);
  const readings: Reading[] = [form === null ? null : [form.root]];
  const first = bytes.find(byte => ![0x20, 0x09, 0x0a, 0x0d].includes(byte));
  if (isLines || first === 0x7b || first === 0x5b) readings.push(json);
  return { kind: 'read', readings, methods: form === null ? null : form.methods };
}

/** The arguments of a tool call, which are JSON. */
export const viewArgs = (bytes: Uint8Array): BodyView => ({ kind: 'read', readings: [whole(bytes)], methods: [] });

function whole(bytes: Uint8Array): Reading {
  const root = parseJson(bytes);
  return root === null ? null : [root];
}

function splitLines(bytes: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    lines.push(bytes.subarray(start, end < 0 ? bytes.length : end));
    start = end < 0 ? bytes.length + 1 : end + 1;
  }
  return lines.filter(line => !line.every(byte => byte === 0x20 || byte === 0x09 || byte === 0x0d));
}

/** One bad line spoils the body, and so does having none. */
function linesOf(bytes: Uint8Array): Reading {
  const roots = splitLines(bytes).map(parseJson);
  return roots.length === 0 || roots.includes(null) ? null : (roots as Node[]);
}

function looksLikeLines(bytes: Uint8Array): boolean {
  const lines = splitLines(bytes);
  return lines.length > 1 && completes(lines[0]!);
}

/** The `_method` values of a form body; null: unreadable. */
export function formMethods(view: BodyView): readonly string[] | null {
  if (view.kind === 'none') return [];
  if (view.kind === 'unreadable') return view.maybeForm ? null : [];
  return view.methods;
}
