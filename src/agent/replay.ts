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
import { type Extremes, extremes } from '../core/replay/extremes.js';
import { type Recorded, requestAgain } from '../core/replay/recorded.js';
import type { Replayed } from '../core/replay/tally.js';
import type { Decider, LoadError } from './decider.js';
import { checkedLoader } from './offline.js';

export type OpenedReplay =
  | { readonly ok: true; readonly replay: Replay }
  | { readonly ok: false; readonly errors: readonly LoadError[] };

/** No request is rebuilt with a body. */
const ROOM_BYTES = 1024;

/** For one log: its calls are what limits count. */
export function openReplay(policy: CheckedPolicy): OpenedReplay {
  const load = checkedLoader();
  const whole = load(policy, ROOM_BYTES);
  if (!whole.ok) return whole;
  const sides = extremes(policy);
  const decider = (of: CheckedPolicy): Decider => {
    const loaded = load(of, ROOM_BYTES);
    if (!loaded.ok) throw new Error(`a part of a policy that loads does not load: ${loaded.errors[0]?.message}`);
    return loaded.decider;
  };
  const limits = sides.limits && { alone: decider(sides.limits.alone), mayApply: decider(sides.limits.mayApply) };
  return { ok: true, replay: new Replay(sides, decider(sides.mostDenying), decider(sides.mostAllowing), limits) };
}

interface LimitDeciders {
  readonly alone: Decider;
  readonly mayApply: Decider;
}

export class Replay {
  /** Every call that limits may have counted so far is known to have been let through or not. */
  #counted: boolean;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly sides: Extremes,
    private readonly mostDenying: Decider,
    private readonly mostAllowing: Decider,
    private readonly limits: LimitDeciders | null,
  ) {
    this.#counted = sides.limits?.seen ?? true;
  }

  decide(recorded: Recorded): Replayed {
    this.#lastMs = Math.max(this.#lastMs, recorded.atMs);
    const request = requestAgain(recorded, this.sides.id);
    if (request === null) return this.#lost(null);
    const ask = (decider: Decider): Decision => decider.decide(request, recorded.agent, this.#lastMs, false);
    const [low, high] = [ask(this.mostDenying), ask(this.mostAllowing)];
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
    const decision = this.limits.alone.decide(request, recorded.agent, this.#lastMs, false);
    if (decision.result === 'allow') return { is: 'certain', result: 'allow', rule };
    return { is: 'certain', result: 'deny', rule: label(decision) };
  }

  #mayApply(request: BatchRequest, { agent }: Recorded): string | null {
    return this.limits?.mayApply.decide(request, agent, this.#lastMs, false).matchedRule ?? null;
  }

  /** A call that cannot be made again may have been counted by any limit. */
  #lost(rule: string | null): Replayed {
    this.#counted = false;
    return { is: 'cannot_say', rule };
  }
}

const INVALID = 'request_invalid';
const label = ({ matchedRule, code }: Decision): string => matchedRule ?? code;
