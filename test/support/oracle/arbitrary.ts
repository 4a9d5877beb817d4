/** The generated policies and requests for properties of other parts: with bodies that are text. */
import fc from 'fast-check';
import type { Lines } from './fields.js';
import { policy } from './policies.js';
import { textOf } from './pools.js';
import { Random } from './random.js';
import { type Timed as Generated, requests as requestsFor } from './requests.js';

export interface TextRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Lines;
  readonly body: string | null;
  readonly tool: null;
  readonly args: null;
}

/** HTTP, or the call of a tool. */
export type TextAction =
  | TextRequest
  | (Omit<TextRequest, 'url' | 'tool' | 'args'> & {
      readonly url: string | null;
      readonly tool: string;
      readonly args: string | null;
    });

export interface Timed<Action = TextRequest> {
  readonly asked: Action;
  readonly agent: string;
  /** Milliseconds after the last one. */
  readonly later: number;
}

const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** JSON text of a policy that loads. */
export const policyText: fc.Arbitrary<string> = seed.map(n => textOf(policy(new Random(n))));

/** One to eight actions; they are aimed at nothing in particular. */
export const actions: fc.Arbitrary<readonly Timed<TextAction>[]> = seed.map(n => {
  const random = new Random(n);
  return requestsFor(random, policy(random), 1 + random.below(8)).flatMap(asText);
});

/** A policy and actions that are aimed at its rules. */
export const aimed: fc.Arbitrary<readonly [text: string, asked: readonly Timed<TextAction>[]]> = seed.map(n => {
  const random = new Random(n);
  const made = policy(random);
  return [textOf(made), requestsFor(random, made, 1 + random.below(8)).flatMap(asText)];
});

/** Those of them that are HTTP. */
export const requests: fc.Arbitrary<readonly Timed[]> = actions.map(list => list.filter(isHttp));

export const request: fc.Arbitrary<TextRequest> = requests
  .filter(list => list.length > 0)
  .map(list => (list[0] as Timed).asked);

function isHttp(timed: Timed<TextAction>): timed is Timed {
  return timed.asked.tool === null;
}

function asText({ asked, agent, later }: Generated): readonly Timed<TextAction>[] {
  const { method, url, headers, body, tool, args } = asked;
  if (tool !== null) return [{ asked: { method, url, headers, body: null, tool, args }, agent, later }];
  if (url === null) return [];
  const text = body === null ? null : textOfBytes(body);
  return text === undefined ? [] : [{ asked: { method, url, headers, body: text, tool, args: null }, agent, later }];
}

/** Undefined where it is none. */
function textOfBytes(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
