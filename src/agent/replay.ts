/**
 * Decides again, under another policy, what a log says was decided.
 *
 *   in   : the documents of a policy; recorded decisions of one log, in their order
 *   out  : for each what the policy is certain to say, or the rule that makes it unsayable
 *   never: guesses; asks anything but the engine
 */
import type { Decision } from '../core/decide/types.js';
import { EMPTY_POLICY } from '../core/explain/parts.js';
import type { CheckedPolicy } from '../core/policy/checked.js';
import { type Extremes, extremes, type Sides } from '../core/replay/extremes.js';
import { type Recorded, requestAgain } from '../core/replay/recorded.js';
import type { Replayed, Ruled } from '../core/replay/tally.js';
import type { Decider, LoadError } from './decider.js';
import { checkedLoader, documentsLoader, type ReadDocument } from './offline.js';

export type OpenedReplay =
  | { readonly ok: true; readonly replay: Replay }
  | { readonly ok: false; readonly errors: readonly LoadError[] };

/** No request is rebuilt with a body or arguments. */
const ROOM_BYTES = 1024;

/** For one log: its calls are what limits count. The first of `documents` is the main one, the others bind it. */
export function openReplay(documents: readonly ReadDocument[]): OpenedReplay {
  const whole = documentsLoader()(documents, ROOM_BYTES);
  if (!whole.ok) return whole;
  const load = checkedLoader();
  const decider = (of: CheckedPolicy): Decider => {
    const loaded = load(of, ROOM_BYTES);
    if (!loaded.ok) throw partOf(loaded.errors);
    return loaded.decider;
  };
  const askers = (sides: Sides): Askers => ({
    mostDenying: decider(sides.mostDenying),
    mostAllowing: decider(sides.mostAllowing),
    mayLimit: sides.mayLimit && decider(sides.mayLimit),
  });
  const judges = documents.map(({ layer, policy }): Judge => {
    const between = extremes(policy);
    const { mode } = policy;
    return { layer, enforced: mode === 'enforce', between, http: askers(between.http), tool: askers(between.tool) };
  });
  return { ok: true, replay: new Replay(judges, limitsOf(documents, judges)) };
}

/** The limits of all documents as they count together: none counts what another holds back. */
function limitsOf(documents: readonly ReadDocument[], judges: readonly Judge[]): Decider | null {
  if (judges.every(({ between }) => between.limits === null)) return null;
  const alone = documents.map((document, i): ReadDocument => {
    const { layer, policy } = document;
    const limits = judges[i]?.between.limits?.alone ?? { ...EMPTY_POLICY, defaultResult: 'allow', rules: [] };
    // Who the main document speaks for has been asked; a layer has no say for others.
    const agents = layer === null ? null : policy.agents;
    return { ...document, policy: { ...limits, agents, mode: policy.mode } };
  });
  const loaded = documentsLoader()(alone, ROOM_BYTES);
  if (!loaded.ok) throw partOf(loaded.errors);
  return loaded.decider;
}

function partOf([first]: readonly LoadError[]): Error {
  return new Error(`a part of a policy that loads does not load: ${first?.message}`);
}

interface Askers {
  readonly mostDenying: Decider;
  readonly mostAllowing: Decider;
  readonly mayLimit: Decider | null;
}

/** One document. */
interface Judge {
  readonly layer: string | null;
  readonly enforced: boolean;
  readonly between: Extremes;
  readonly http: Askers;
  readonly tool: Askers;
}

/** What one document says, limits apart. `unsure`: it depends on what the log does not hold. */
interface Voice extends Ruled {
  readonly says: 'allow' | 'deny' | 'unsure';
  readonly enforced: boolean;
  /** A limit of this document that may apply. */
  readonly limit: string | null;
}

export class Replay {
  /** Every call that limits may have counted so far is known to have been let through or not. */
  #counted: boolean;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly judges: readonly Judge[],
    private readonly limits: Decider | null,
  ) {
    this.#counted = judges.every(({ between }) => between.limits?.seen ?? true);
  }

  decide(recorded: Recorded): Replayed {
    this.#lastMs = Math.max(this.#lastMs, recorded.atMs);
    const voices: Voice[] = [];
    for (const judge of this.judges) {
      const voice = this.#voice(judge, recorded);
      if (voice === 'lost') return this.#lost();
      if (voice !== 'silent') voices.push(voice);
    }
    const limit = voices.find(voice => voice.limit !== null);
    const denies = voices.filter(({ says }) => says === 'deny');
    if (denies.length > 0) {
      // What is only recorded holds nothing back, so limits of the others may count the call.
      if (voices.length > 1 && limit !== undefined && !denies.some(({ enforced }) => enforced)) this.#counted = false;
      return { is: 'certain', result: 'deny', ...denier(voices) };
    }
    const unsure = voices.find(({ says }) => says === 'unsure');
    if (unsure !== undefined) {
      if (limit !== undefined) this.#counted = false;
      return { is: 'cannot_say', ...ruled(unsure) };
    }
    // Where all let it through, the main document speaks.
    return this.#limited(recorded, limit, voices[0]?.rule ?? null);
  }

  /** Everything else lets the call through. */
  #limited(recorded: Recorded, limit: Voice | undefined, rule: string | null): Replayed {
    if (limit === undefined || this.limits === null) return { is: 'certain', result: 'allow', rule };
    if (!this.#counted) return { is: 'cannot_say', ...ruled({ ...limit, rule: limit.limit }) };
    const request = requestAgain(recorded, this.judges[0]?.between.id ?? '');
    if (request === null) return this.#lost();
    const decision = this.limits.decide(request, recorded.agent, this.#lastMs, false);
    if (decision.result === 'allow') return { is: 'certain', result: 'allow', rule };
    return { is: 'certain', result: 'deny', ...ruled({ rule: label(decision), layer: decision.policyLayer }) };
  }

  #voice(judge: Judge, recorded: Recorded): Voice | 'silent' | 'lost' {
    const { layer, enforced, between } = judge;
    const request = requestAgain(recorded, between.id);
    if (request === null) return 'lost';
    const { mostDenying, mostAllowing, mayLimit } = request.tool === null ? judge.http : judge.tool;
    const ask = (decider: Decider): Decision => decider.decide(request, recorded.agent, this.#lastMs, false);
    const [low, high] = [ask(mostDenying), ask(mostAllowing)];
    if (low.code === INVALID || high.code === INVALID) return 'lost';
    if (layer !== null && high.code === NOT_SPOKEN_FOR) return 'silent';
    const limit = mayLimit === null ? null : ask(mayLimit).matchedRule;
    const said = { enforced, limit, ...(layer === null ? {} : { layer }) };
    if (low.result !== high.result) {
      const rule = low.code === 'rule_denied' ? low.matchedRule : high.matchedRule;
      return { ...said, says: 'unsure', rule };
    }
    return { ...said, says: high.result, rule: label(low) === label(high) ? label(low) : null };
  }

  /** A call that cannot be made again may have been counted by any limit. */
  #lost(): Replayed {
    this.#counted = false;
    return { is: 'cannot_say', rule: null };
  }
}

/** Whose denial is named, as far as that is certain: the first that holds the call back, else the first. */
function denier(voices: readonly Voice[]): Ruled {
  const isDenial = ({ says }: Voice): boolean => says === 'deny';
  const binding = voices.findIndex(voice => isDenial(voice) && voice.enforced);
  const at = binding < 0 ? voices.findIndex(isDenial) : binding;
  // A limit or a rule of another document may speak first; one that is only recorded gives way to any that binds.
  const others = voices.filter((_, i) => (binding < 0 ? i !== at : i < at));
  const open = others.some(({ says, limit }) => says === 'unsure' || (says === 'allow' && limit !== null));
  const one = voices[at];
  return one === undefined || open ? { rule: null } : ruled(one);
}

function ruled({ rule, layer }: { readonly rule: string | null; readonly layer?: string | undefined }): Ruled {
  return layer === undefined ? { rule } : { rule, layer };
}

const INVALID = 'request_invalid';
const NOT_SPOKEN_FOR = 'no_policy_for_agent';
const label = ({ matchedRule, code }: Decision): string => matchedRule ?? code;
