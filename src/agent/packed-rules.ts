/**
 * Names, kinds and hints of many rules on their way from the worker: few large values instead of many small ones.
 *
 *   in   : the lists of a compiled policy
 *   out  : two texts and three arrays, which cross a thread in a millisecond; lists that cut out what is asked for
 *   never: makes a string a rule, which would hold up the thread that decides
 */
import type { Listed, RuleNames } from '../core/decide/answer.js';

/** The arrays can be transferred. */
export interface PackedRules {
  readonly names: PackedTexts;
  readonly hints: PackedTexts;
  /** The index in {@link KINDS}, a rule each. */
  readonly kinds: Uint8Array<ArrayBuffer>;
}

interface PackedTexts {
  /** All of them, one after the other. */
  readonly text: string;
  /** Twice the offset behind each; odd where there is none. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

const KINDS = ['allow', 'deny', 'limit'] as const;

/** What changes hands when packed rules are posted. */
export function arraysOf({ names, hints, kinds }: PackedRules): ArrayBuffer[] {
  return [names.ends.buffer, hints.ends.buffer, kinds.buffer];
}

export function packRules({ ruleNames, ruleKinds, ruleHints }: RuleNames): PackedRules {
  const kinds = new Uint8Array(ruleKinds.length);
  for (let i = 0; i < kinds.length; i++) kinds[i] = KINDS.indexOf(ruleKinds.at(i) ?? 'deny');
  return { names: packTexts(ruleNames), hints: packTexts(ruleHints), kinds };
}

export function unpackRules({ names, hints, kinds }: PackedRules): RuleNames {
  return {
    ruleNames: { length: names.ends.length, at: i => textAt(names, i) ?? undefined },
    ruleHints: { length: hints.ends.length, at: i => textAt(hints, i) },
    ruleKinds: { length: kinds.length, at: i => KINDS[kinds[i] ?? KINDS.length] },
  };
}

function packTexts(list: Listed<string | null>): PackedTexts {
  const texts: string[] = [];
  const ends = new Uint32Array(list.length);
  let end = 0;
  for (let i = 0; i < ends.length; i++) {
    const text = list.at(i) ?? null;
    texts.push(text ?? '');
    end += text?.length ?? 0;
    ends[i] = end * 2 + (text === null ? 1 : 0);
  }
  return { text: texts.join(''), ends };
}

function textAt({ text, ends }: PackedTexts, i: number): string | null | undefined {
  const end = ends[i];
  if (end === undefined) return undefined;
  return end % 2 === 1 ? null : text.slice((ends[i - 1] ?? 0) >>> 1, end >>> 1);
}
