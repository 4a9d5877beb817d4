/** Paths into a body, §3.4: from their text, and which nodes they name. Paths here are known to load. */
import type { Node } from './json.js';

export type PathStep =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'every' }
  | { readonly kind: 'below'; readonly name: string };

export type BodyPath = readonly PathStep[];

const BRACKET = /\s*\[\s*(?:(\*)|([0-9]+)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))\s*\]/y;
const SHORTHAND = /\s*(\.\.|\.)(?:(\*)|([^.[\]\s]+))/y;
const BELOW_BRACKET = /\s*\.\.\[\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\]/y;

export function parsePath(text: string): BodyPath {
  // `a.b` is `$.a.b`.
  const whole = text.startsWith('$') ? text : text.startsWith('[') ? `$${text}` : `$.${text}`;
  const steps: PathStep[] = [];
  let at = 1;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(whole);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (at < whole.length) {
    const below = take(BELOW_BRACKET);
    if (below !== null) {
      steps.push({ kind: 'below', name: unquoted(below[1]!) });
      continue;
    }
    const bracket = take(BRACKET);
    if (bracket !== null) {
      if (bracket[1] !== undefined) steps.push({ kind: 'every' });
      else if (bracket[2] !== undefined) steps.push({ kind: 'index', index: Number(bracket[2]) });
      else steps.push({ kind: 'name', name: unquoted(bracket[3]!) });
      continue;
    }
    const short = take(SHORTHAND);
    if (short === null) throw new Error(`no path: ${text}`);
    const [, dots, every, name = ''] = short;
    if (every !== undefined) steps.push({ kind: 'every' });
    else if (dots === '..') steps.push({ kind: 'below', name });
    // `$.messages.0.role` is `[0]`.
    else if (/^(0|[1-9][0-9]*)$/.test(name)) steps.push({ kind: 'index', index: Number(name) });
    else steps.push({ kind: 'name', name });
  }
  return steps;
}

function unquoted(quoted: string): string {
  if (quoted.startsWith('"')) return JSON.parse(quoted) as string;
  const inner = quoted.slice(1, -1).replace(/\\(.)|"/gs, (whole, escaped: string | undefined) => {
    if (escaped === undefined) return '\\"';
    return escaped === "'" ? "'" : whole;
  });
  return JSON.parse(`"${inner}"`) as string;
}

/** A wildcard or descendant can name several nodes. */
export const isMany = (path: BodyPath): boolean => path.some(step => step.kind === 'every' || step.kind === 'below');

export function nodesAt(root: Node, path: BodyPath): readonly Node[] {
  let nodes: readonly Node[] = [root];
  for (const step of path) nodes = nodes.flatMap(node => stepInto(node, step));
  return nodes;
}

function stepInto(node: Node, step: PathStep): readonly Node[] {
  switch (step.kind) {
    case 'name':
      return node.type === 'object'
        ? node.members.filter(([name]) => name === step.name).map(([, child]) => child)
        : [];
    case 'index':
      return node.type === 'array'
        ? node.items.slice(step.index, step.index + 1).filter(item => item !== undefined)
        : [];
    case 'every':
      return childrenOf(node);
    case 'below':
      return [
        ...stepInto(node, { kind: 'name', name: step.name }),
        ...childrenOf(node).flatMap(c => stepInto(c, step)),
      ];
  }
}

const childrenOf = (node: Node): readonly Node[] =>
  node.type === 'object'
    ? node.members.map(([, child]) => child)
    : node.type === 'array'
      ? node.items.filter(item => item !== undefined)
      : [];

/** Whether a duplicate name is in the way of `path`: in an object it passes through, or for several nodes anywhere. */
export function ambiguousFor(root: Node, path: BodyPath): boolean {
  if (isMany(path)) return ambiguousAnywhere(root);
  let nodes: readonly Node[] = [root];
  for (const step of path) {
    if (nodes.some(node => (node.type === 'object' || node.type === 'array') && node.ambiguous)) return true;
    nodes = nodes.flatMap(node => stepInto(node, step));
  }
  return false;
}

const ambiguousAnywhere = (node: Node): boolean =>
  (node.type === 'object' || node.type === 'array') && (node.ambiguous || childrenOf(node).some(ambiguousAnywhere));
