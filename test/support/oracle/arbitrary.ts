/** The generated policies and requests for properties of other parts: HTTP only, with bodies that are text. */
import fc from 'fast-check';
import type { Lines } from './fields.js';
import { policy } from './policies.js';
import { MANY_PATHS, textOf } from './pools.js';
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

export interface Timed {
  readonly asked: TextRequest;
  readonly agent: string;
  /** Milliseconds after the last one. */
  readonly later: number;
}

const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/**
 * JSON text of a policy that loads. Without paths of several nodes: with one, a duplicate name anywhere spoils the body for
 * every rule, and then a rule alone does not say what it says among others.
 */
export const policyText: fc.Arbitrary<string> = seed
  .map(n => textOf(policy(new Random(n))))
  .filter(text => !MANY_PATHS.some(({ text: path }) => text.includes(JSON.stringify(path))));

/** One to eight requests; they are aimed at nothing in particular. */
export const requests: fc.Arbitrary<readonly Timed[]> = seed.map(n => {
  const random = new Random(n);
  return requestsFor(random, policy(random), 1 + random.below(8)).flatMap(asText);
});

export const request: fc.Arbitrary<TextRequest> = requests
  .filter(list => list.length > 0)
  .map(list => (list[0] as Timed).asked);

function asText({ asked, agent, later }: Generated): readonly Timed[] {
  const { method, url, headers, body, tool } = asked;
  if (url === null || tool !== null) return [];
  const text = body === null ? null : textOfBytes(body);
  return text === undefined
    ? []
    : [{ asked: { method, url, headers, body: text, tool: null, args: null }, agent, later }];
}

/** Undefined where it is none. */
function textOfBytes(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
