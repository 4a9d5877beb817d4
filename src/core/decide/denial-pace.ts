/**
 * How long the caller of a denied call waits, so that a flood of denials (a loop that retries what is forbidden) fills the log
 * no faster than it can be kept. Each denial is decided and recorded at once; only its answer comes later.
 *
 *   up to 50 a second of one agent, and a second's worth at once   no wait
 *   more                                                          spread over time, 50 a second; 5 s at most
 *
 * Pure: the caller owns the clock and does the waiting.
 */
import { DENIAL_WAIT_MAX_MS, DENIALS_PER_SECOND } from '../limits.js';

const SPACING_MS = 1000 / DENIALS_PER_SECOND;
/** A second's worth passes at once. */
const AHEAD_MS = 1000;
/** Agents remembered; the one whose denial is longest ago is forgotten first. */
const AGENTS_MAX = 1024;

export class DenialPace {
  /** When the next denial of an agent would come, were all evenly spaced. */
  readonly #due = new Map<string, number>();

  /** One more denial of `agent`. @returns milliseconds to wait with its answer, 0 mostly */
  wait(agent: string, nowMs: number): number {
    const due = Math.max(this.#due.get(agent) ?? nowMs, nowMs) + SPACING_MS;
    this.#due.delete(agent);
    if (this.#due.size >= AGENTS_MAX) this.#due.delete(this.#due.keys().next().value as string);
    this.#due.set(agent, Math.min(due, nowMs + AHEAD_MS + DENIAL_WAIT_MAX_MS));
    return Math.ceil(Math.min(Math.max(0, due - nowMs - AHEAD_MS), DENIAL_WAIT_MAX_MS));
  }
}
