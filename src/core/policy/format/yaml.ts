/**
 * A policy in YAML, laid out: two spaces a level, keys in their order, `{ a: b }` and `[a, b]` where they fit a line.
 *
 *   in   : text that loads
 *   out  : the same policy with every comment and single blank lines
 *   never: moves a key where anchors are, since an alias must follow its anchor
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import type { KeyTable } from '../definition.js';
import { keepBeside, settleComments } from './comments.js';
import { inOrder, ROOT, tableUnder } from './order.js';

const WIDTH = 120;
const EDITOR_LINE = 'yaml-language-server:';

/** One round; what is laid out anew may fit differently the next time. */
export function layOut(text: string): string {
  const document = parseDocument(text.replaceAll('\r\n', '\n'), {
    keepSourceTokens: true,
    schema: 'failsafe',
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: false,
    logLevel: 'error',
  });
  if (!hasAnchors(document)) {
    keepHead(document);
    settleComments(document.contents);
    order(document.contents, ROOT);
  }
  spread(document.contents, 0);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function hasAnchors(document: Document): boolean {
  let found = false;
  visit(document, (_, node) => {
    if (!isAlias(node) && !(isCollection(node) && node.anchor) && !(isScalar(node) && node.anchor)) return undefined;
    found = true;
    return visit.BREAK;
  });
  return found;
}

/** What stands before a blank line at the top, or speaks to an editor, belongs to the file and not to its first key. */
function keepHead(document: Document): void {
  const first = isMap(document.contents) ? document.contents.items[0]?.key : undefined;
  if (!isScalar(first) || !first.commentBefore) return;
  const comment = first.commentBefore;
  const blank = comment.lastIndexOf('\n\n');
  const end = comment.includes(EDITOR_LINE, Math.max(blank, 0)) ? comment.length : Math.max(blank, 0);
  if (end === 0) return;
  const head = comment.slice(0, end);
  document.commentBefore = document.commentBefore ? `${document.commentBefore}\n\n${head}` : head;
  first.commentBefore = end === comment.length ? null : comment.slice(end + 2);
}

/** Puts the keys of `node` and of what is below it in order, as far as tables know it. */
function order(node: unknown, table: KeyTable | null): void {
  if (table === null) return;
  if (isSeq(node)) for (const item of node.items) order(item, table);
  if (!isMap(node)) return;
  orderKeys(node, table);
  for (const pair of node.items) order(pair.value, tableUnder(table, keyOf(pair)));
}

function orderKeys(map: YAMLMap, table: KeyTable): void {
  const [first] = map.items;
  const sorted = inOrder(map.items, keyOf, table);
  if (sorted.every((pair, i) => pair === map.items[i])) return;
  // The blank line before what stood elsewhere separated it from what is no longer before it.
  const [leads] = sorted;
  if (leads !== first && isScalar(leads?.key) && isScalar(first?.key)) {
    const space = leads.key.spaceBefore === true;
    leads.key.spaceBefore = first.key.spaceBefore === true;
    first.key.spaceBefore = space;
  }
  map.items = sorted;
}

function keyOf(pair: { readonly key: unknown }): string {
  return isScalar(pair.key) ? String(pair.key.value) : '';
}

/** Makes blocks of flow collections that are too wide for a line, and sets the spaces inside the others. */
function spread(node: unknown, column: number, holder: unknown = null): void {
  if (isPair(node)) {
    const key = keyOf(node);
    spread(node.value, column + key.length + 2, node);
    return;
  }
  if (!isCollection(node)) return;
  if (node.flow === true && column + width(node) > WIDTH) {
    node.flow = false;
    keepBeside(holder, node);
  }
  if (node.flow === true) padded(node);
  // In a block each item has a line of its own; in a flow collection they share one that fits already.
  for (const item of node.items) spread(item, node.flow === true ? 0 : column + 2);
}

/** Of the one line that a flow collection makes, roughly. */
function width(node: unknown): number {
  if (isPair(node)) return width(node.key) + 2 + width(node.value);
  if (isCollection(node)) return node.items.reduce((sum: number, item) => sum + width(item) + 2, 2);
  if (isScalar(node)) return node.range ? node.range[1] - node.range[0] : 0;
  return 8;
}

type Writer = (context?: { flowCollectionPadding: string }, ...rest: (() => void)[]) => string;

/** The package sets spaces inside both kinds of brackets or neither; `[a, b]` has none and `{ a: b }` has them. */
function padded(node: YAMLMap | { items: unknown[]; toString: unknown }): void {
  const write = node.toString as Writer;
  const padding = isMap(node) ? ' ' : '';
  const own: Writer = (context, ...rest) =>
    write.call(node, context === undefined ? context : { ...context, flowCollectionPadding: padding }, ...rest);
  Object.defineProperty(node, 'toString', { value: own });
}
