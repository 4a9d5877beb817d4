/**
 * Bodies that nobody will read: their responses were collected. One collection may find thousands at once, so their calls
 * are ended some a turn of the loop. Those that have not had their turn when the agent closes are ended by the agent.
 */
import type { Guard } from './guarded-stream.js';

const PER_TURN = 64;

const waiting: Guard[] = [];

/** Ends the call of `guard` in a turn of its own. Never throws. */
export function endDropped(guard: Guard): void {
  if (waiting.push(guard) === 1) setImmediate(endSome);
}

function endSome(): void {
  const some = waiting.splice(0, PER_TURN);
  // First: whatever becomes of these, the rest must not be forgotten.
  if (waiting.length > 0) setImmediate(endSome);
  for (const { branch, reader } of some) {
    branch.end('dropped');
    // The transport lets go of a body that nobody reads, but not of one that our reader has locked.
    reader?.cancel().catch(() => undefined);
  }
}
