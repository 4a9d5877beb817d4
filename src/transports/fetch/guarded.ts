/** Which functions are guarded fetches, by whom, and what lies under them: so that one call is never decided twice. */
import type { Agent } from '../../agent/types.js';

interface Guarded {
  readonly agent: Agent;
  readonly base: typeof fetch;
}

const guarded = new WeakMap<object, Guarded>();

export function knownAs(guard: typeof fetch, agent: Agent, base: typeof fetch): void {
  guarded.set(guard, { agent, base });
}

export function isGuardedBy(fetch: typeof globalThis.fetch, agent: Agent): boolean {
  return guarded.get(fetch)?.agent === agent;
}

/** What `fetch` calls once `agent` has decided; `fetch` itself where somebody else guards it, or nobody. */
export function unguarded(fetch: typeof globalThis.fetch, agent: Agent): typeof globalThis.fetch {
  let base = fetch;
  for (let at = guarded.get(base); at?.agent === agent; at = guarded.get(base)) base = at.base;
  return base;
}
