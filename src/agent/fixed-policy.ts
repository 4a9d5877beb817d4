import type { Generation, PolicyHealth, PolicySource } from './types.js';

/** A policy that came as an object: nothing to watch. */
export function fixedPolicySource(generation: Generation | null): PolicySource {
  const state = generation === null ? 'missing' : 'ok';
  const health: PolicyHealth = { state, path: '(object)', issue: null, pollOnly: false };
  return { current: generation, health: () => health, async close() {} };
}
