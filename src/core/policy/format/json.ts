/**
 * A policy in JSON, laid out: what fits a line stands on one, the rest is indented.
 *
 *   never: changes a number's digits
 */
import { jsonText } from '../../json/text.js';
import type { TreeNode } from '../../json/tree.js';
import type { KeyTable } from '../definition.js';
import { inOrder, ROOT, tableUnder } from './order.js';

const WIDTH = 100;

export function formatJson(root: TreeNode): string {
  return `${print(root, ROOT, '')}\n`;
}

function print(node: TreeNode, table: KeyTable | null, indent: string): string {
  const line = flat(node, table);
  if ((node.kind !== 'map' && node.kind !== 'list') || indent.length + line.length <= WIDTH) {
    // The policy itself is never one line.
    if (indent !== '' || node.kind !== 'map' || node.entries.length === 0) return line;
  }
  const inner = `${indent}  `;
  const parts =
    node.kind === 'map'
      ? entries(node.entries, table).map(
          ({ key, value }) => `${JSON.stringify(key)}: ${print(value, below(table, key), inner)}`,
        )
      : node.kind === 'list'
        ? node.items.map(item => print(item, table, inner))
        : [];
  const [open, close] = node.kind === 'map' ? '{}' : '[]';
  return `${open}\n${parts.map(part => inner + part).join(',\n')}\n${indent}${close}`;
}

function flat(node: TreeNode, table: KeyTable | null): string {
  switch (node.kind) {
    case 'map': {
      const parts = entries(node.entries, table).map(
        ({ key, value }) => `${JSON.stringify(key)}: ${flat(value, below(table, key))}`,
      );
      return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
    }
    case 'list':
      return `[${node.items.map(item => flat(item, table)).join(', ')}]`;
    default:
      return jsonText(node);
  }
}

const below = (table: KeyTable | null, key: string): KeyTable | null =>
  table === null ? null : tableUnder(table, key);

function entries<T extends { readonly key: string }>(given: readonly T[], table: KeyTable | null): readonly T[] {
  return table === null ? given : inOrder(given, entry => entry.key, table);
}
