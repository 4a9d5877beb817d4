/** What a matcher of `body` or `args` makes of the readings: §3.4. */
import type { BodyView, Reading } from './body.js';
import { ambiguousFor, type BodyPath, nodesAt } from './body-path.js';
import { compareExact, exactly, readExact } from './decimal.js';
import { textHolds } from './fields.js';
import type { Node } from './json.js';
import type { BodyTest, TextTest } from './policy.js';
import { all, type EffectKind, FALSE, is, not, over, some, type Three, TRUE, UNKNOWN } from './three.js';

/** `paths`: of every candidate, since a duplicate on the way of one spoils the body for all. */
export function matchBody(test: BodyTest, effect: EffectKind, view: BodyView, paths: readonly BodyPath[]): Three {
  if (view.kind === 'none') return is(test.exists === false);
  if (view.kind === 'unreadable') return UNKNOWN;
  return over(
    effect,
    view.readings.map(reading => {
      const roots = clearRoots(reading, paths);
      if (roots === null) return UNKNOWN;
      return over(
        effect,
        roots.map(root => matchNodes(test, effect, nodesAt(root, test.path))),
      );
    }),
  );
}

/** Null where it is broken, or has a duplicate name in the way of some candidate's path. */
export const clearRoots = (reading: Reading, paths: readonly BodyPath[]): readonly Node[] | null =>
  reading?.some(root => paths.some(path => ambiguousFor(root, path))) ? null : reading;

function matchNodes(test: BodyTest, effect: EffectKind, nodes: readonly Node[]): Three {
  if (test.exists === false) return is(nodes.length === 0);
  if (nodes.length === 0) return is(effect === 'deny' && isNotInAlone(test));
  return over(
    effect,
    nodes.map(node => matchNode(test, node)),
  );
}

const hasText = ({ prefix, suffix, contains, regex }: TextTest): boolean =>
  prefix !== null || suffix !== null || contains !== null || regex !== null;

const isNotInAlone = ({ notIn, exists, exact, in: list, min, max, text }: BodyTest): boolean =>
  notIn !== null && [exists, exact, list, min, max].every(other => other === null) && !hasText(text);

function matchNode(test: BodyTest, node: Node): Three {
  if (node.type === 'number' && readExact(node.text) === 'oversized') return UNKNOWN;
  const parts: Three[] = [];
  if (test.exact !== null) parts.push(equals(test.exact, node));
  if (test.in !== null) parts.push(among(test.in, node));
  if (test.notIn !== null) parts.push(notAmong(test.notIn, node));
  if (test.min !== null) parts.push(bounded(node, test.min, 1));
  if (test.max !== null) parts.push(bounded(node, test.max, -1));
  if (hasText(test.text)) {
    const isText = node.type === 'string' || node.type === 'form';
    parts.push(isText ? textHolds(test.text, node.value) : UNKNOWN);
  }
  return all(parts);
}

function bounded(node: Node, bound: string, sign: 1 | -1): Three {
  const read = readExact(node.type === 'number' ? node.text : node.type === 'form' ? node.value : '');
  return typeof read === 'string' ? UNKNOWN : is(compareExact(read, exactly(bound)) * sign >= 0);
}

const among = (operands: readonly Node[], node: Node): Three => some(operands.map(operand => equals(operand, node)));

function notAmong(operands: readonly Node[], node: Node): Three {
  const found = among(operands, node);
  if (found !== FALSE) return not(found);
  return operands.some(operand => sameType(operand, node)) ? TRUE : UNKNOWN;
}

function sameType(operand: Node, node: Node): boolean {
  if (node.type !== 'form') return operand.type === node.type;
  if (operand.type === 'number') return typeof readExact(node.value) !== 'string';
  if (operand.type === 'boolean') return isBooleanText(node.value);
  return operand.type === 'string';
}

function equals(operand: Node, node: Node): Three {
  if (node.type === 'form') return equalsForm(operand, node.value);
  if (operand.type === 'number') {
    if (node.type === 'string') return readExact(node.value) === 'none' ? FALSE : UNKNOWN;
    if (node.type !== 'number') return FALSE;
    const read = readExact(node.text);
    return typeof read === 'string' ? UNKNOWN : is(compareExact(read, exactly(operand.text)) === 0);
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
function equalsForm(operand: Node, value: string): Three {
  if (operand.type === 'string') return is(value === operand.value);
  if (operand.type === 'boolean') return is(value === String(operand.value));
  if (operand.type !== 'number') return FALSE;
  const read = readExact(value);
  if (read === 'none') return FALSE;
  return typeof read === 'string' ? UNKNOWN : is(compareExact(read, exactly(operand.text)) === 0);
}
