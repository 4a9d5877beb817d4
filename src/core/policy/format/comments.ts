/**
 * Comments of a parsed policy, put where they belong before its keys move.
 *
 *   in   : the nodes of a document parsed with `keepSourceTokens`
 *   out  : the same nodes; a comment that stands right over a key, or behind one, is that key's
 *   never: drops one
 *
 * The package gives both to the collection under the key, whose first key is another one once they are in order.
 */
import { isCollection, isMap, isPair, isScalar, isSeq, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';

/** Of `node` and of all blocks below it. */
export function settleComments(node: unknown): void {
  if (!isCollection(node) || node.flow === true) return;
  for (const item of node.items) {
    if (!isPair(item)) {
      settleComments(item);
      continue;
    }
    behindKey(item);
    overFirstKey(item.value);
    settleComments(item.value);
  }
}

/** `key: # comment` over a block. */
function behindKey({ key, value, srcToken }: Pair): void {
  if (!isScalar(key) || key.comment || !isBlock(value) || !value.commentBefore) return;
  const tokens = srcToken?.sep ?? [];
  const colon = tokens.findIndex(token => token.type === 'map-value-ind');
  const after = tokens.slice(colon + 1).find(token => token.type !== 'space');
  if (after?.type !== 'comment') return;
  const [own = '', ...rest] = value.commentBefore.split('\n');
  key.comment = own;
  if (rest[0] === '') {
    value.spaceBefore = true;
    rest.shift();
  }
  value.commentBefore = rest.length === 0 ? null : rest.join('\n');
}

/** What a blank line parts from the first key is about the whole block. */
function overFirstKey(value: unknown): void {
  if (!isBlock(value) || !isMap(value) || !value.commentBefore) return;
  const first = value.items[0]?.key;
  if (!isScalar(first) || first.commentBefore) return;
  const blank = value.commentBefore.lastIndexOf('\n\n');
  const own = blank === -1 ? value.commentBefore : value.commentBefore.slice(blank + 2);
  if (own === '' || own.endsWith('\n')) return;
  first.commentBefore = own;
  if (blank !== -1) first.spaceBefore = true;
  value.commentBefore = blank === -1 ? null : value.commentBefore.slice(0, blank);
}

/** An anchor or a tag stands between a key and its block. */
function isBlock(value: unknown): value is YAMLMap | YAMLSeq {
  return (isMap(value) || isSeq(value)) && value.flow !== true && !value.anchor && !value.tag;
}

/** `holder`'s comment goes where it stays beside what was one line and becomes a block. */
export function keepBeside(holder: unknown, node: unknown): void {
  if (!(isMap(node) || isSeq(node)) || !node.comment) return;
  if (isPair(holder)) {
    if (!isScalar(holder.key) || holder.key.comment) return;
    holder.key.comment = node.comment;
  } else node.commentBefore = node.commentBefore ? `${node.commentBefore}\n${node.comment}` : node.comment;
  node.comment = null;
}
