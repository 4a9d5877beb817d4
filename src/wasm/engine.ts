import type { EngineAnswer } from '../core/decide/answer.js';
import type { Body, HttpRequest, ToolRequest } from '../core/decide/types.js';

/** What the engine takes beside what an edge hands over: bytes whose `Content-Encoding` has been undone. */
export type JudgedBody = Body | { readonly kind: 'decoded'; readonly bytes: Uint8Array };
export type JudgedRequest = (Omit<HttpRequest, 'body'> & { readonly body: JudgedBody }) | ToolRequest;

/** Time as the engine needs it: windows by the wall clock, limits by one that never runs backwards. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly wallMs: number;
  /** Milliseconds from any fixed point. */
  readonly monotonicMs: number;
}

/** When, and how far a guess may go. */
export interface DecideWhen extends Clock {
  /**
   * A body over the limit is a guess instead of a denial: a matcher that looks into it is FALSE in a `deny`, UNKNOWN
   * elsewhere, and the answer is `uncertain`. Absent: false.
   */
  readonly permissive?: boolean;
  /** Limits that pass are not charged before {@link Engine.settle} says so. Absent: charged at once. */
  readonly hold?: boolean;
}

/** One program in one WebAssembly instance. */
export interface Engine {
  /** Longest body that is looked into, in bytes. */
  readonly inspectBytes: number;
  /** Lower-case names of the headers this program looks at; others need not be handed over. */
  readonly headerNames: readonly string[];
  decide(request: JudgedRequest, agent: string, when: DecideWhen): EngineAnswer;
  /** Whether the call of the last `decide` was let through; before anything else is asked. */
  settle(charge: boolean): void;
  /** Versioned bytes of all live counters. */
  exportLimits(): Uint8Array;
  /** Takes over counters of rules whose name, window, `per` and `field` are the same. */
  importLimits(state: Uint8Array): void;
}
