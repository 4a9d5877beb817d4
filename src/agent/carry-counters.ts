import type { Generation } from './types.js';

/**
 * Counters follow their rules into the next generation, document by document: a layer is known by its name.
 *
 * @throws Fault `limit_state_invalid`; then `next` must not go live.
 */
export function carryCounters(old: Generation, next: Generation): void {
  const byLayer = new Map(old.documents.map(document => [document.layer, document]));
  next.documents.forEach(document => {
    const before = byLayer.get(document.layer);
    if (before !== undefined) document.engine.importLimits(before.engine.exportLimits());
  });
}
