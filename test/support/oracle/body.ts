/** Which readings a body has, and what a body matcher makes of them: §3.4. */
import type { BodyMatcher, BodyTest, JsonPath, Operand, PathStep } from '#src/core/policy/checked.js';
import { compareExact, fromOperand, readExact } from './decimal.js';
import type { Lines } from './fields.js';
import { parseForm } from './form.js';
import { type Node, parseJson } from './json.js';
import { all, type EffectKind, FALSE, is, not, over, some, type Three, TRUE, UNKNOWN } from './three.js';

/** No body; one that cannot be read at all; or its readings, of which null is one that cannot be judged. */
export type BodyView =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly maybeForm: boolean }
  | { readonly kind: 'read'; readonly readings: readonly (Node | null)[]; readonly methods: readonly string[] | null };

type Type = 'json' | 'form' | 'unreadable' | 'unreadable form';

export function typeOf(headers: Lines): Type {
  const lines = headers.filter(([name]) => name.toLowerCase() === 'content-type').map(([, value]) => value);
  if (lines.length === 0) return 'json';
  // A comma outside quotes begins a second type.
  const line = lines[0]!;
  if (lines.length > 1 || line.replace(/"(?:[^"\\]|\\.)*"/gs, '').includes(',')) return 'unreadable form';
  const [type = '', ...parameters] = (line.match(/(?:"(?:[^"\\]|\\.)*"|[^;"])+/gs) ?? []).map(p => p.trim());
  const isForm = type.toLowerCase() === 'application/x-www-form-urlencoded';
  if (/^application\/(x-ndjson|ndjson|jsonl|x-jsonlines)$/i.test(type)) return 'unreadable';
  const charsets = parameters.filter(p => /^charset\s*=/i.test(p)).map(p => p.slice(p.indexOf('=') + 1).trim());
  if (charsets.some(c => !/^("utf-8"|utf-8)$/i.test(c))) return isForm ? 'unreadable form' : 'unreadable';
  return isForm ? 'form' : 'json';
}

export const mayBeForm = (headers: Lines): boolean => typeOf(headers).includes('form');

const isEncoded = (headers: Lines): boolean =>
  headers
    .filter(([name]) => name.toLowerCase() === 'content-encoding')
    .flatMap(([, value]) => value.split(','))
    .some(member => !/^[ \t]*(identity)?[ \t]*$/i.test(member));

export function viewBody(bytes: Uint8Array, headers: Lines): BodyView {
  if (bytes.length === 0) return { kind: 'none' };
  const type = typeOf(headers);
  if (type.startsWith('unreadable') || isEncoded(headers)) {
    return { kind: 'unreadable', maybeForm: type.includes('form') };
  }
  if (type === 'json') return { kind: 'read', readings: [parseJson(bytes)], methods: [] };
  const form = parseForm(bytes);
  const readings = [form?.root ?? null];
  const first = bytes.find(byte => ![0x20, 0x09, 0x0a, 0x0d].includes(byte));
  if (first === 0x7b || first === 0x5b) readings.push(parseJson(bytes));
  return { kind: 'read', readings, methods: form === null ? null : form.methods };
}

/** The `_method` values of a form body; null: unreadable. */
export function formMethods(view: BodyView): readonly string[] | null {
  if (view.kind === 'none') return [];
  if (view.kind === 'unreadable') return view.maybeForm ? null : [];
  return view.methods;
}

/** `paths`: of every candidate, since a duplicate on the way of one spoils the body for all. */
export function matchBody(matcher: BodyMatcher, effect: EffectKind, view: BodyView, paths: readonly JsonPath[]): Three {
  if (view.kind === 'none') return is(matcher.test.exists === false);
  if (view.kind === 'unreadable') return UNKNOWN;
  return over(
    effect,
    view.readings.map(root => {
      if (root === null || paths.some(path => ambiguousOnTheWay(root, path))) return UNKNOWN;
      return judge(matcher.test, nodeAt(root, matcher.path), effect);
    }),
  );
}

export function nodeAt(root: Node, path: JsonPath): Node | null {
  let node: Node | null = root;
  for (const step of path) node = node === null ? null : childOf(node, step);
  return node;
}

function childOf(node: Node, step: PathStep): Node | null {
  if (typeof step === 'object') throw new RangeError(`${step.kind} is not in this evaluator yet`);
  if (typeof step === 'number') return node.type === 'array' ? (node.items[step] ?? null) : null;
  return node.type === 'object' ? (node.members.find(([name]) => name === step)?.[1] ?? null) : null;
}

/** Whether an object that `path` passes through has a name twice; with a name twice, each of its values is a way on. */
export function ambiguousOnTheWay(root: Node, path: JsonPath): boolean {
  let node: Node | null = root;
  for (const step of path) {
    if (node === null) return false;
    if ((node.type === 'object' || node.type === 'array') && node.ambiguous) return true;
    node = childOf(node, step);
  }
  return false;
}

function judge(test: BodyTest, node: Node | null, effect: EffectKind): Three {
  if (test.exists === false) return is(node === null);
  if (node === null) {
    const only = Object.keys(test).filter(key => test[key as keyof BodyTest] !== undefined);
    return is(effect === 'deny' && only.length === 1 && test.notIn !== undefined);
  }
  if (node.type === 'number' && readExact(node.text) === 'oversized') return UNKNOWN;
  const parts: Three[] = [];
  if (test.exact !== undefined) parts.push(equals(test.exact, node));
  if (test.in !== undefined) parts.push(among(test.in, node));
  if (test.notIn !== undefined) parts.push(notAmong(test.notIn, node));
  for (const [bound, sign] of [
    [test.min, 1],
    [test.max, -1],
  ] as const) {
    if (bound === undefined) continue;
    const text = node.type === 'number' ? node.text : node.type === 'form' ? node.value : '';
    const read = readExact(text);
    parts.push(typeof read === 'string' ? UNKNOWN : is(compareExact(read, fromOperand(bound)) * sign >= 0));
  }
  const text = node.type === 'string' || node.type === 'form' ? node.value : null;
  const strings: readonly [string | undefined, (operand: string) => boolean | undefined][] = [
    [test.prefix, operand => text?.startsWith(operand)],
    [test.suffix, operand => text?.endsWith(operand)],
    [test.contains, operand => text?.includes(operand)],
  ];
  for (const [operand, holds] of strings) {
    if (operand === undefined) continue;
    const held = holds(operand);
    parts.push(held === undefined ? UNKNOWN : is(held));
  }
  return all(parts);
}

const among = (operands: readonly Operand[], node: Node): Three => some(operands.map(operand => equals(operand, node)));

function notAmong(operands: readonly Operand[], node: Node): Three {
  const found = among(operands, node);
  if (found !== FALSE) return not(found);
  return operands.some(operand => sameType(operand, node)) ? TRUE : UNKNOWN;
}

function sameType(operand: Operand, node: Node): boolean {
  if (node.type !== 'form') return operand.type === node.type;
  if (operand.type === 'number') return typeof readExact(node.value) !== 'string';
  if (operand.type === 'boolean') return node.value === 'true' || node.value === 'false';
  return operand.type === 'string';
}

function equals(operand: Operand, node: Node): Three {
  if (node.type === 'form') return equalsForm(operand, node.value);
  if (operand.type === 'number') {
    if (node.type === 'string') return readExact(node.value) === 'none' ? FALSE : UNKNOWN;
    if (node.type !== 'number') return FALSE;
    const read = readExact(node.text);
    return typeof read === 'string' ? UNKNOWN : is(compareExact(read, fromOperand(operand.value)) === 0);
  }
  if (operand.type === 'string') {
    if (node.type === 'string') return is(node.value === operand.value);
    if (node.type === 'number') return readExact(operand.value) === 'none' ? FALSE : UNKNOWN;
    if (node.type === 'boolean') return isBooleanText(operand.value) ? UNKNOWN : FALSE;
    return FALSE;
  }
  if (operand.type === 'boolean') {
    if (node.type === 'string') return isBooleanText(node.value) ? UNKNOWN : FALSE;
    return is(node.type === 'boolean' && node.value === operand.value);
  }
  return is(node.type === 'null');
}

const isBooleanText = (text: string): boolean => text === 'true' || text === 'false';

/** A form has only text, which compares as the operand's type. */
function equalsForm(operand: Operand, value: string): Three {
  if (operand.type === 'string') return is(value === operand.value);
  if (operand.type === 'boolean') return is(value === String(operand.value));
  if (operand.type === 'null') return FALSE;
  const read = readExact(value);
  if (read === 'none') return FALSE;
  return typeof read === 'string' ? UNKNOWN : is(compareExact(read, fromOperand(operand.value)) === 0);
}
