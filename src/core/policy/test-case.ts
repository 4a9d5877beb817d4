/** One of the policy's own tests after every check (the language, section 9). Types only, and what running them costs. */
import type { AgentId } from '../brand.js';
import type { BatchRequest } from '../decide/batch-line.js';
import type { DecisionCode, Result } from '../decide/types.js';
import type { Position } from './checked.js';

export interface Expectation {
  readonly result: Result;
  /** Null: any. */
  readonly code: DecisionCode | null;
  /** The name of a rule of the policy; null: any or none. */
  readonly rule: string | null;
}

export interface PolicyTest {
  readonly name: string;
  /** As written; it may be one that is refused, since tests say so of bad requests too. */
  readonly request: BatchRequest;
  readonly agent: AgentId | null;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  /** How often it is decided; the expectation holds for the last. */
  readonly repeat: number;
  readonly expect: Expectation;
  /** Where the test begins; null when the policy came as an object. */
  readonly at: Position | null;
}

/** Decisions, each KiB of a body as much again: what a run takes, in microseconds or so. */
export function testCost(tests: readonly Pick<PolicyTest, 'repeat' | 'request'>[]): number {
  return tests.reduce(
    (sum, { repeat, request }) => sum + repeat * (1 + (((request.body ?? request.args)?.length ?? 0) >> 10)),
    0,
  );
}
