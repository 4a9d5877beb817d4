/** A failing case made smaller, as long as it still fails: rules, keys, list items, requests, headers, and pieces of text. */
import { type Case, differenceIn } from './compare.js';
import type { Asked } from './oracle.js';
import type { Doc } from './policies.js';
import type { Timed } from './requests.js';

const KEPT = new Set(['name', 'default', 'rules', 'per', 'jsonpath']);

export function shrink(failing: Case): Case {
  const stillFails = (of: Case): boolean => {
    try {
      const difference = differenceIn(of);
      return difference !== null && difference.index >= 0;
    } catch {
      return true;
    }
  };
  if (!stillFails(failing)) return failing;
  let best = failing;
  for (let improved = true; improved; ) {
    improved = false;
    for (const smaller of smallerOnes(best)) {
      if (!stillFails(smaller)) continue;
      best = smaller;
      improved = true;
      break;
    }
  }
  return best;
}

function* smallerOnes(of: Case): Generator<Case> {
  for (const asked of withoutSome(of.asked)) if (asked.length > 0) yield { ...of, asked };
  for (const policy of smallerDocs(of.policy)) yield { ...of, policy: policy as Doc };
  for (const [i, timed] of of.asked.entries()) {
    for (const smaller of smallerRequests(timed)) yield { ...of, asked: of.asked.with(i, smaller) };
  }
}

/** Halves first, then each one. */
function* withoutSome<T>(list: readonly T[]): Generator<readonly T[]> {
  for (let size = list.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < list.length; at += size) yield [...list.slice(0, at), ...list.slice(at + size)];
  }
  if (list.length === 1) yield [];
}

function* smallerDocs(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    yield* withoutSome(value);
    for (const [i, item] of value.entries()) for (const smaller of smallerDocs(item)) yield value.with(i, smaller);
  } else if (typeof value === 'object' && value !== null) {
    const doc = value as Doc;
    for (const key of Object.keys(doc)) {
      if (!KEPT.has(key)) {
        const { [key]: _, ...rest } = doc;
        yield rest;
      }
      for (const smaller of smallerDocs(doc[key])) yield { ...doc, [key]: smaller };
    }
  }
}

function* smallerRequests(timed: Timed): Generator<Timed> {
  const { asked } = timed;
  const change = (changes: Partial<Asked>): Timed => ({ ...timed, asked: { ...asked, ...changes } });
  if (timed.later > 0) yield { ...timed, later: 0 };
  if (timed.agent !== 'default') yield { ...timed, agent: 'default' };
  if (asked.method !== 'GET') yield change({ method: 'GET' });
  for (const headers of withoutSome(asked.headers)) yield change({ headers });
  if (asked.body !== null) {
    yield change({ body: null });
    for (const bytes of withoutSome([...asked.body])) yield change({ body: Uint8Array.from(bytes) });
  }
  for (const key of ['url', 'args', 'tool'] as const) {
    const text = asked[key];
    if (text === null) continue;
    if (key === 'args') yield change({ args: null });
    for (const units of withoutSome([...text])) yield change({ [key]: units.join('') });
  }
}
