/** One of the policy's own tests after every check (the language, section 9). Types only, and what running them costs. */
import type { AgentId } from '../brand.js';
import type { DecisionCode, HeaderLines, Result } from '../decide/types.js';
import type { Position } from './checked.js';

/** A request as written; it may be one that is refused, since tests say so of bad requests too. */
export interface TestRequest {
  readonly method: string;
  /** Null only for the call of a tool that has none. */
  readonly url: string | null;
  readonly headers: HeaderLines;
  /** Null: none. A mapping or list has become its JSON, numbers as they were written. */
  readonly body: string | null;
  /** The name of the tool, for the call of one; it has neither headers nor a body. */
  readonly tool: string | null;
  /** JSON of the arguments, numbers as they were written. Null: none. */
  readonly args: string | null;
}

export interface Expectation {
  readonly result: Result;
  /** Null: any. */
  readonly code: DecisionCode | null;
  /** The name of a rule of the policy; null: any or none. */
  readonly rule: string | null;
}

export interface PolicyTest {
  readonly name: string;
  readonly request: TestRequest;
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
