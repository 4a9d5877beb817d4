/**
 * Decides again, under another policy, what a log says was decided.
 *
 *   in   : a checked policy; recorded decisions of one log, in their order
 *   out  : for each what the policy is certain to say, or the rule that makes it unsayable
 *   never: guesses; asks anything but the engine
 */
import type { BatchRequest } from '../core/decide/batch-line.js';
import type { Decision } from '../core/decide/types.js';
import type { CheckedPolicy } from '../core/policy/checked.js';
import { type Extremes, extremes, type Sides } from '../core/replay/extremes.js';
import { type Recorded, requestAgain } from '../core/replay/recorded.js';
import type { Replayed } from '../core/replay/tally.js';
import type { Decider, LoadError } from './decider.js';
import { checkedLoader } from './offline.js';

export type OpenedReplay =
  | { readonly ok: true; readonly replay: Replay }
  | { readonly ok: false; readonly errors: readonly LoadError[] };

/** No request is rebuilt with a body or arguments. */
const ROOM_BYTES = 1024;

/** For one log: its calls are what limits count. */
export function openReplay(policy: CheckedPolicy): OpenedReplay {
  const load = checkedLoader();
  const whole = load(policy, ROOM_BYTES);
  if (!whole.ok) return whole;
  const between = extremes(policy);
  const decider = (of: CheckedPolicy): Decider => {
    const loaded = load(of, ROOM_BYTES);
    if (!loaded.ok) throw new Error(`a part of a policy that loads does not load: ${loaded.errors[0]?.message}`);
    return loaded.decider;
  };
  const askers = (sides: Sides): Askers => ({
    mostDenying: decider(sides.mostDenying),
    mostAllowing: decider(sides.mostAllowing),
    mayLimit: sides.mayLimit && decider(sides.mayLimit),
  });
  const limits = between.limits && decider(between.limits.alone);
  return { ok: true, replay: new Replay(between, askers(between.http), askers(between.tool), limits) };
}

interface Askers {
  readonly mostDenying: Decider;
  readonly mostAllowing: Decider;
  readonly mayLimit: Decider | null;
}

export class Replay {
  /** Every call that limits may have counted so far is known to have been let through or not. */
  #counted: boolean;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly between: Extremes,
    private readonly http: Askers,
    private readonly tool: Askers,
    private readonly limits: Decider | null,
  ) {
    this.#counted = between.limits?.seen ?? true;
  }

  decide(recorded: Recorded): Replayed {
    this.#lastMs = Math.max(this.#lastMs, recorded.atMs);
    const request = requestAgain(recorded, this.between.id);
    if (request === null) return this.#lost(null);
    const sides = this.#sides(request);
    const ask = (decider: Decider): Decision => decider.decide(request, recorded.agent, this.#lastMs, false);
    const [low, high] = [ask(sides.mostDenying), ask(sides.mostAllowing)];
    if (low.code === INVALID || high.code === INVALID) return this.#lost(null);
    if (low.result !== high.result) {
      if (this.#mayApply(request, recorded) !== null) this.#counted = false;
      return { is: 'cannot_say', rule: low.code === 'rule_denied' ? low.matchedRule : high.matchedRule };
    }
    const rule = label(low) === label(high) ? label(low) : null;
    return high.result === 'deny' ? { is: 'certain', result: 'deny', rule } : this.#limited(request, recorded, rule);
  }

  /** Everything else lets the call through. */
  #limited(request: BatchRequest, recorded: Recorded, rule: string | null): Replayed {
    const limit = this.#mayApply(request, recorded);
    if (limit === null || this.limits === null) return { is: 'certain', result: 'allow', rule };
    if (!this.#counted) return { is: 'cannot_say', rule: limit };
    const decision = this.limits.decide(request, recorded.agent, this.#lastMs, false);
    if (decision.result === 'allow') return { is: 'certain', result: 'allow', rule };
    return { is: 'certain', result: 'deny', rule: label(decision) };
  }

  #mayApply(request: BatchRequest, { agent }: Recorded): string | null {
    return this.#sides(request).mayLimit?.decide(request, agent, this.#lastMs, false).matchedRule ?? null;
  }

  #sides({ tool }: BatchRequest): Askers {
    return tool === null ? this.http : this.tool;
  }

  /** A call that cannot be made again may have been counted by any limit. */
  #lost(rule: string | null): Replayed {
    this.#counted = false;
    return { is: 'cannot_say', rule };
  }
}

const INVALID = 'request_invalid';
const label = ({ matchedRule, code }: Decision): string => matchedRule ?? code;
