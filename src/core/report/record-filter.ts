/**
 * Which records of a log somebody asked to see.
 *
 *   in   : what was asked for; records in their order
 *   out  : whether each is meant
 *   never: keeps more than the last 10,000 decisions whose outcome has not come
 *
 * An outcome says only which request it ends; it has the agent, code, rule and host of its decision. One whose decision was
 * not seen is not meant when any of those is asked for.
 */
import type { FlatRecord } from '../audit/canonical.js';
import { mayEnd } from '../audit/may-end.js';
import { rfc3339Ms } from '../time/rfc3339.js';

/** Null: not asked for. */
export interface Wanted {
  readonly agent: string | null;
  /** `allow` or `deny` of a decision, or the result of an outcome. */
  readonly result: string | null;
  readonly code: string | null;
  readonly rule: string | null;
  /** A host, or `*.` and a domain: every host below it. */
  readonly host: string | null;
  readonly type: string | null;
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
}

const OPEN_MAX = 10_000;

interface Decided {
  readonly agent: unknown;
  readonly related: boolean;
}

export class RecordFilter {
  readonly #wanted: Wanted;
  readonly #ofDecision: boolean;
  /** Whether the decision of each request is of the agent, code, rule and host wanted. */
  readonly #open = new Map<string, Decided>();

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
    const { agent, code, rule, host } = wanted;
    this.#ofDecision = (agent ?? code ?? rule ?? host) !== null;
  }

  /** True: nothing was asked for, every line is meant, also one that is no record. */
  get takesAll(): boolean {
    return Object.values(this.#wanted).every(value => value === null);
  }

  /** To be asked about every record, in order. */
  takes(record: FlatRecord): boolean {
    const { type, result, sinceMs, untilMs } = this.#wanted;
    const related = this.#related(record);
    if (type !== null && record.type !== type) return false;
    if (result !== null && record.policy_result !== result && record.result !== result) return false;
    if (sinceMs !== null || untilMs !== null) {
      const ms = typeof record.time === 'string' ? rfc3339Ms(record.time) : null;
      if (ms === null || ms < (sinceMs ?? ms) || ms >= (untilMs ?? Number.POSITIVE_INFINITY)) return false;
    }
    return related;
  }

  #related(record: FlatRecord): boolean {
    if (!this.#ofDecision) return true;
    const { type, request_id: id } = record;
    if (type === 'outcome' && typeof id === 'string') {
      const decided = this.#open.get(id);
      if (decided === undefined || !mayEnd(record, decided.agent)) return false;
      this.#open.delete(id);
      return decided.related;
    }
    const { agent, code, rule, host } = this.#wanted;
    const related =
      (agent === null || record.agent_id === agent) &&
      (code === null || record.code === code) &&
      (rule === null || record.matched_rule === rule) &&
      (host === null || isHost(record.url_host, host));
    if (type === 'decision' && typeof id === 'string') this.#remember(id, { related, agent: record.agent_id });
    return related;
  }

  #remember(id: string, decided: Decided): void {
    this.#open.set(id, decided);
    if (this.#open.size > OPEN_MAX) this.#open.delete(this.#open.keys().next().value as string);
  }
}

function isHost(value: unknown, wanted: string): boolean {
  if (typeof value !== 'string') return false;
  return wanted.startsWith('*.') ? value.endsWith(wanted.slice(1)) : value === wanted;
}
