import { toDecision } from '../core/decide/answer.js';
import type { Body, Decision, HttpRequest } from '../core/decide/types.js';
import { blocks } from '../core/decide/types.js';
import type { Clock, JudgedRequest } from '../wasm/engine.js';
import { saysEncoded, undoEncoding } from './content-coding.js';
import type { Generation } from './types.js';

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
  request: HttpRequest,
  agent: string,
  at: DecideAt,
): Decision | 'need_body' {
  let spoken: Decision | null = null;
  let encoded = request.body.kind === 'bytes' && saysEncoded(request.headers) ? request.body : null;
  let judged: JudgedRequest = encoded === null ? request : { ...request, body: UNREAD };
  for (const document of generation.documents) {
    const { engine } = document;
    let answer = engine.decide(judged, agent, at);
    if (answer.needBody && encoded !== null) {
      judged = { ...request, body: undoEncoding(request.headers, encoded, engine.inspectBytes) };
      encoded = null;
      answer = engine.decide(judged, agent, at);
    }
    if (answer.needBody) return 'need_body';
    const decision = toDecision(answer, document, { mode: document.mode, forceDryRun: at.dryRun });
    if (blocks(decision)) return decision;
    if (spoken === null || (spoken.result === 'allow' && decision.result === 'deny')) spoken = decision;
  }
  if (spoken === null) throw new Error('a generation holds at least one document');
  return spoken;
}
