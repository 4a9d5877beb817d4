/**
 * What an agent has decided and written since its start, as plain counts.
 *
 *   in   : each record when it is in the log, or could not be written
 *   out  : the counts, for health, `status` and metrics
 *   never: throws, waits, grows with what agents name themselves: those past a bound count together
 */
import type { AgentRecord, OutcomeFields } from '../core/audit/fields.js';
import type { DecisionCode } from '../core/decide/types.js';
import { Buckets, DECISION_SECONDS } from '../core/metrics/buckets.js';
import type { CounterFacts, DecisionCount, Verdict } from '../core/metrics/facts.js';

/** All since the start of this agent. */
export interface CounterReading extends CounterFacts {
  /** In the log, of every type. */
  readonly records: number;
}

/** Calls over all agents: decided here, or handed in. */
export interface CallTotals {
  readonly allowed: number;
  readonly denied: number;
  /** Denied, and let through. */
  readonly observed: number;
  /** Of any verdict, by code. */
  readonly byCode: Readonly<Record<string, number>>;
}

export function callTotals({ decisions }: CounterReading, reported: boolean): CallTotals {
  const totals = { allow: 0, deny: 0, observed: 0 };
  const byCode: Record<string, number> = {};
  for (const row of decisions) {
    if (row.reported !== reported) continue;
    totals[row.verdict] += row.count;
    byCode[row.code] = (byCode[row.code] ?? 0) + row.count;
  }
  return { allowed: totals.allow, denied: totals.deny, observed: totals.observed, byCode };
}

/** Must not throw. */
export interface RecordObserver {
  /** It is in the log. */
  written(record: AgentRecord): void;
  /** One could not be written. */
  lost(): void;
}

/** No agent ID has this form. */
export const OTHER_AGENTS = '*';
const AGENTS_MAX = 256;

type Verdicts = Record<Verdict, number>;
/** By agent, then by code: nested, so that counting one makes no string. */
type Tally = Map<string, Map<DecisionCode, Verdicts>>;

export class Counters {
  readonly #own: Tally = new Map();
  readonly #handedIn: Tally = new Map();
  readonly #outcomes = {
    own: new Map<OutcomeFields['result'], number>(),
    handedIn: new Map<OutcomeFields['result'], number>(),
  };
  readonly #types = new Map<AgentRecord['type'], number>();
  readonly #seconds = new Buckets(DECISION_SECONDS);
  #reported = 0;
  #unwritten = 0;
  #policiesLoaded = 0;
  #policiesRejected = 0;
  #policyLiveSinceMs: number | null = null;

  /** @param observer told of the same things */
  constructor(
    private readonly wallMs: () => number = Date.now,
    private readonly observer: RecordObserver | null = null,
  ) {}

  /** A record that is in the log by now. */
  written(record: AgentRecord): void {
    this.observer?.written(record);
    const reported = 'reported' in record && record.reported === true;
    this.#types.set(record.type, (this.#types.get(record.type) ?? 0) + 1);
    if (reported) this.#reported++;
    switch (record.type) {
      case 'decision': {
        const verdicts = verdictsOf(reported ? this.#handedIn : this.#own, record.agent_id, record.code);
        verdicts[record.policy_result === 'allow' ? 'allow' : record.enforced ? 'deny' : 'observed']++;
        if (!reported) this.#seconds.observe(record.decision_ns / 1e9);
        return;
      }
      case 'outcome': {
        const outcomes = reported ? this.#outcomes.handedIn : this.#outcomes.own;
        outcomes.set(record.result, (outcomes.get(record.result) ?? 0) + 1);
        return;
      }
      case 'policy_loaded':
        if (reported) return;
        this.#policiesLoaded++;
        this.#policyLiveSinceMs = this.wallMs();
        return;
      case 'policy_rejected':
        if (!reported) this.#policiesRejected++;
    }
  }

  /** One that is in no log. */
  lost(): void {
    this.#unwritten++;
    this.observer?.lost();
  }

  read(): CounterReading {
    return {
      decisions: [...rows(this.#own, false), ...rows(this.#handedIn, true)],
      outcomes: [
        ...[...this.#outcomes.own].map(([result, count]) => ({ result, reported: false, count })),
        ...[...this.#outcomes.handedIn].map(([result, count]) => ({ result, reported: true, count })),
      ],
      records: [...this.#types.values()].reduce((sum, count) => sum + count, 0),
      recordTypes: [...this.#types].map(([type, count]) => ({ type, count })),
      reported: this.#reported,
      unwritten: this.#unwritten,
      policiesLoaded: this.#policiesLoaded,
      policiesRejected: this.#policiesRejected,
      policyLiveSinceMs: this.#policyLiveSinceMs,
      decisionSeconds: this.#seconds.read(),
    };
  }
}

function verdictsOf(tally: Tally, id: string, code: DecisionCode): Verdicts {
  let codes = tally.get(id);
  if (codes === undefined) {
    const agent = tally.size < AGENTS_MAX ? id : OTHER_AGENTS;
    codes = tally.get(agent) ?? new Map();
    tally.set(agent, codes);
  }
  let verdicts = codes.get(code);
  if (verdicts === undefined) {
    verdicts = { allow: 0, deny: 0, observed: 0 };
    codes.set(code, verdicts);
  }
  return verdicts;
}

function* rows(tally: Tally, reported: boolean): Generator<DecisionCount> {
  for (const [agent, codes] of tally) {
    for (const [code, verdicts] of codes) {
      for (const verdict of ['allow', 'deny', 'observed'] as const) {
        if (verdicts[verdict] > 0) yield { agent, code, verdict, reported, count: verdicts[verdict] };
      }
    }
  }
}
