/** One difference between two policies, and its sentence. */
import type { CheckedRule } from '../checked.js';

/** `unclear` counts as widening; `same`: written otherwise, decides alike. */
export type Direction = 'narrows' | 'widens' | 'unclear' | 'same';

export interface Change {
  readonly what: 'rule' | 'default' | 'mode' | 'agents';
  /** Of the rule; null for the document's own keys. */
  readonly name: string | null;
  readonly is: 'added' | 'removed' | 'changed';
  readonly goes: Direction;
  /** In a word or two; null where there was, or is, nothing. */
  readonly from: string | null;
  readonly to: string | null;
}

export function described(
  is: Change['is'],
  goes: Direction,
  was: CheckedRule | null,
  rule: CheckedRule | null,
): Change {
  const name = (rule ?? was)?.name ?? null;
  return { what: 'rule', name, is, goes, from: was && effectText(was), to: rule && effectText(rule) };
}

const WINDOWS = { 1000: 'second', 60000: 'minute', 3600000: 'hour', 86400000: 'day' } as const;

function effectText({ effect }: CheckedRule): string {
  return effect.kind === 'limit' ? `limit of ${effect.calls} a ${WINDOWS[effect.windowMs]}` : effect.kind;
}

const DIRECTIONS: Readonly<Record<Direction, string>> = {
  narrows: 'lets no more pass',
  widens: 'lets more pass',
  unclear: 'may let more pass: the opposite cannot be shown',
  same: 'decides alike',
};

/** A sentence without a full stop. */
export function changeText({ what, name, is, goes, from, to }: Change): string {
  const way = DIRECTIONS[goes];
  if (what !== 'rule') return `\`${what}\` was ${from} and is ${to}: ${way}`;
  if (is === 'added') return `rule '${name}' (${to}) is new: ${way}`;
  if (is === 'removed') return `rule '${name}' (${from}) is gone: ${way}`;
  return `rule '${name}' (${from === to ? to : `${from}, now ${to}`}) is changed: ${way}`;
}
