/** `application/x-www-form-urlencoded` as a tree, §3.4. Null: not to be judged. */
import { formDecode } from './fields.js';
import type { Node } from './json.js';

/** A node under construction. */
interface Building {
  kind: 'value' | 'object' | 'indexed' | 'appended' | null;
  readonly values: string[];
  readonly children: Map<string, Building>;
  readonly appended: Building[];
}

const fresh = (): Building => ({ kind: null, values: [], children: new Map(), appended: [] });

export interface Form {
  readonly root: Node;
  readonly methods: readonly string[];
}

export function parseForm(bytes: Uint8Array): Form | null {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
  const root: Building = { ...fresh(), kind: 'object' };
  const methods: string[] = [];
  const pieces = text.split('&').filter(piece => piece !== '');
  if (pieces.length > 1000) return null;
  for (const piece of pieces) {
    const equals = piece.indexOf('=');
    const name = formDecode(equals < 0 ? piece : piece.slice(0, equals));
    const value = formDecode(equals < 0 ? '' : piece.slice(equals + 1));
    if (name === null || value === null) return null;
    if (name === '_method') methods.push(value);
    const keys = keysOf(name);
    if (keys === null || keys.length > 17 || !putKey(root, keys[0]!, 'object', keys.slice(1), value)) return null;
  }
  return { root: finished(root), methods };
}

/** `a[b][0]` is a, b, 0; null: brackets that mean nothing. */
function keysOf(name: string): readonly string[] | null {
  const match = /^([^[\]]*)((?:\[[^[\]]*\])*)$/s.exec(name);
  if (match === null || (match[1] === '' && match[2] !== '')) return null;
  return [match[1]!, ...[...match[2]!.matchAll(/\[([^\]]*)\]/gs)].map(found => found[1]!)];
}

function put(into: Building, keys: readonly string[], value: string): boolean {
  const [key, ...rest] = keys;
  if (key === undefined) {
    if (into.kind !== null && into.kind !== 'value') return false;
    into.kind = 'value';
    into.values.push(value);
    return true;
  }
  const kind = key === '' ? 'appended' : /^[0-9]+$/.test(key) ? 'indexed' : 'object';
  return putKey(into, key, kind, rest, value);
}

function putKey(
  into: Building,
  key: string,
  kind: 'appended' | 'indexed' | 'object',
  rest: readonly string[],
  value: string,
): boolean {
  if (kind === 'indexed' && !/^(0|[1-9][0-9]{0,2})$/.test(key)) return false;
  if (into.kind !== null && into.kind !== kind) return false;
  into.kind = kind;
  if (kind === 'appended') {
    const element = fresh();
    into.appended.push(element);
    return put(element, rest, value);
  }
  const child = into.children.get(key) ?? fresh();
  into.children.set(key, child);
  return put(child, rest, value);
}

function finished(node: Building): Node {
  if (node.kind === 'value') return { type: 'form', value: node.values[0] ?? '' };
  const twice = [...node.children.values()].some(child => child.values.length > 1);
  if (node.kind === 'object' || node.kind === null) {
    return {
      type: 'object',
      members: [...node.children].map(([name, child]) => [name, finished(child)]),
      ambiguous: twice,
    };
  }
  if (node.kind === 'indexed') {
    const items: Node[] = [];
    for (const [index, child] of node.children) items[Number(index)] = finished(child);
    return { type: 'array', items, ambiguous: twice };
  }
  // `a[][b]=1&a[][c]=2` is one element to some servers and two to others.
  const deep = node.appended.length > 1 && node.appended.some(element => element.kind !== 'value');
  return { type: 'array', items: node.appended.map(finished), ambiguous: deep };
}
