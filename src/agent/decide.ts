import { toDecision } from '../core/decide/answer.js';
import type { ActionRequest, Body, Decision, HttpRequest } from '../core/decide/types.js';
import { blocks } from '../core/decide/types.js';
import type { Clock, JudgedRequest } from '../wasm/engine.js';
import { saysEncoded, undoEncoding } from './content-coding.js';
import type { Generation } from './types.js';

/** As many as one engine keeps. */
const SHADOW_RULES_MAX = 8;
type Bytes = Extract<Body, { kind: 'bytes' }>;
const UNREAD: Body = { kind: 'unread' };

/** When, and whether denials of the policy are only recorded. */
export interface DecideAt extends Clock {
  readonly dryRun: boolean;
  /** A body over the limit is a guess instead of a denial: FALSE in a `deny`, UNKNOWN elsewhere. */
  readonly permissive: boolean;
}

/**
 * What a generation says of one request. Every document decides for itself: the first that holds the call back
 * speaks for all, then the first that would have, then the first. An encoded body is decoded once, and only if one
 * of them looks into it.
 */
export function decideByGeneration(
  generation: Generation,
  request: ActionRequest,
  agent: string,
  at: DecideAt,
): Decision | 'need_body' {
  let spoken: Decision | null = null;
  const shadows: string[] = [];
  let encoded = 'tool' in request ? null : encodedBody(request);
  let judged: JudgedRequest = encoded === null ? request : { ...encoded.request, body: UNREAD };
  for (const document of generation.documents) {
    const { engine } = document;
    let answer = engine.decide(judged, agent, at);
    if (answer.needBody && encoded !== null) {
      judged = { ...encoded.request, body: undoEncoding(encoded.request.headers, encoded.body, engine.inspectBytes) };
      encoded = null;
      answer = engine.decide(judged, agent, at);
    }
    if (answer.needBody) return 'need_body';
    const decision = toDecision(answer, document, { mode: document.mode, forceDryRun: at.dryRun });
    shadows.push(...decision.shadowRules);
    if (blocks(decision)) return withShadows(decision, shadows);
    if (spoken === null || (spoken.result === 'allow' && decision.result === 'deny')) spoken = decision;
  }
  if (spoken === null) throw new Error('a generation holds at least one document');
  return withShadows(spoken, shadows);
}

/** The request with its body, where that says it is encoded. */
function encodedBody(request: HttpRequest): { readonly request: HttpRequest; readonly body: Bytes } | null {
  const { body, headers } = request;
  return body.kind === 'bytes' && saysEncoded(headers) ? { request, body } : null;
}

/** Every document that was asked has its say. */
function withShadows(decision: Decision, names: readonly string[]): Decision {
  if (names.length === decision.shadowRules.length) return decision;
  return { ...decision, shadowRules: names.slice(0, SHADOW_RULES_MAX) };
}
