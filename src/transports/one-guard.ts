/**
 * Whether this process, or thread, is guarded as a whole; known to every copy of checkrd in it.
 *
 *   in   : the file that guards it
 *   out  : the same, to a copy that is loaded later: a call is decided once
 *   never: proof of anything to code that was there first: that could as well have changed Node itself (`preloaded`)
 */
const NAME = Symbol.for('checkrd.process_guard');

/** For as long as the thread lives. */
export function guardsProcess(entry: string): void {
  Object.defineProperty(globalThis, NAME, { value: entry });
}

/** Null: nobody. */
export function processGuardedBy(): string | null {
  const entry = (globalThis as { readonly [NAME]?: unknown })[NAME];
  return entry === undefined ? null : String(entry);
}
