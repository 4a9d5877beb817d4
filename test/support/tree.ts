/** Turns a tree into the value `JSON.parse` would give, for comparison. */
import type { TreeNode } from '#src/core/json/tree.js';

export function plain(node: TreeNode): unknown {
  switch (node.kind) {
    case 'map':
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, plain(value)]));
    case 'list':
      return node.items.map(plain);
    case 'number':
      return Number(node.source);
    case 'null':
      return null;
    default:
      return node.value;
  }
}
