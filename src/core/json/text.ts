/** From a tree to JSON: numbers keep the digits they were written with. */
import type { TreeNode } from './tree.js';

/** Bounded by the depth of the tree, which its reader bounded. */
export function jsonText(node: TreeNode): string {
  switch (node.kind) {
    case 'map':
      return `{${node.entries.map(({ key, value }) => `${JSON.stringify(key)}:${jsonText(value)}`).join(',')}}`;
    case 'list':
      return `[${node.items.map(jsonText).join(',')}]`;
    case 'string':
      return JSON.stringify(node.value);
    case 'number':
      return numberText(node.source);
    case 'boolean':
      return String(node.value);
    case 'null':
      return 'null';
  }
}

/** YAML also writes `+1`, `.5` and `5.`; JSON does not. */
function numberText(source: string): string {
  return source
    .replace(/^\+/, '')
    .replace(/^(-?)\./, '$10.')
    .replace(/\.(?=$|[eE])/, '');
}
