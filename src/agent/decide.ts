import { ENGINE_NO_POLICY_FOR_AGENT, toDecision } from '../core/decide/answer.js';
import { type GlassInForce, throughGlass } from '../core/decide/break-glass.js';
import type { ActionRequest, Body, Decision, HttpRequest } from '../core/decide/types.js';
import { blocks } from '../core/decide/types.js';
import type { Clock, Engine, JudgedRequest } from '../wasm/engine.js';
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
  /** Denials that are let through all the same; absent or null: none. */
  readonly glass?: GlassInForce | null;
}

/**
 * What a generation says of one request. Every document decides for itself, a layer that does not speak for the agent not
 * at all: the first that holds the call back speaks for all, then the first that break glass overruled, then the first that
 * would have, then the first. Limits are charged only if none holds it back. An encoded body is decoded once, and only if one of them looks into it.
 */
export function decideByGeneration(
  generation: Generation,
  request: ActionRequest,
  agent: string,
  at: DecideAt,
): Decision | 'need_body' {
  const { documents } = generation;
  const when = documents.length === 1 ? at : { ...at, hold: true };
  const held: Engine[] = [];
  let spoken: Decision | null = null;
  let uncertain = false;
  const shadows: string[] = [];
  let encoded = 'tool' in request ? null : encodedBody(request);
  let judged: JudgedRequest = encoded === null ? request : { ...encoded.request, body: UNREAD };
  for (const document of documents) {
    const { engine, layer } = document;
    let answer = engine.decide(judged, agent, when);
    if (answer.needBody && encoded !== null) {
      judged = { ...encoded.request, body: undoEncoding(encoded.request.headers, encoded.body, engine.inspectBytes) };
      encoded = null;
      answer = engine.decide(judged, agent, when);
    }
    if (answer.needBody) {
      settle(held, false);
      return 'need_body';
    }
    if (layer !== null && answer.code === ENGINE_NO_POLICY_FOR_AGENT) continue;
    const said = toDecision(answer, document, { mode: document.mode, forceDryRun: at.dryRun });
    const decision = throughGlass(ofLayer(said, layer), at.glass ?? null, agent);
    shadows.push(...decision.shadowRules);
    if (blocks(decision)) {
      settle(held, false);
      return withShadows(decision, shadows);
    }
    if (decision.result === 'allow') {
      held.push(engine);
      uncertain ||= decision.uncertain;
    }
    if (spoken === null || weight(decision) > weight(spoken)) spoken = decision;
  }
  if (spoken === null) throw new Error('a generation holds its main document');
  if (documents.length > 1) settle(held, true);
  const whole = withShadows(spoken, shadows);
  // A guess of any of them is one of all.
  return uncertain && whole.result === 'allow' && !whole.uncertain ? { ...whole, uncertain } : whole;
}

const ASKED: HttpRequest = { method: 'GET', url: 'http://localhost/', headers: [], body: { kind: 'none' } };

/** Whether each engine answers at all; nothing is charged. What it answers does not matter. */
export function answers(generation: Generation, at: Clock): boolean {
  try {
    for (const { engine } of generation.documents) {
      engine.decide(ASKED, 'checkrd', { ...at, hold: true });
      engine.settle(false);
    }
    return true;
  } catch {
    return false;
  }
}

/** Whose word counts among those that let the call go on. */
function weight({ result, code }: Decision): number {
  return result === 'allow' ? 0 : code === 'break_glass' ? 2 : 1;
}

function settle(engines: readonly Engine[], charge: boolean): void {
  for (const engine of engines) engine.settle(charge);
}

/** The main document needs no name; a layer that denies says which it is. */
function ofLayer(decision: Decision, layer: string | null): Decision {
  if (layer === null || decision.result === 'allow') return decision;
  return { ...decision, policyLayer: layer, reason: `${decision.reason} (layer '${layer}')` };
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
