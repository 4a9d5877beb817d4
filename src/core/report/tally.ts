/**
 * Counts over the records of logs: calls by what was asked for, latencies, switches and policies.
 *
 *   in   : a period, what to count by, records: those of one log in the order of their numbers
 *   out  : sums, rows, events
 *   never: grows with the log: groups, events and calls without an outcome are bounded, and what is left out is counted
 *
 * A call belongs to the period of its decision, with its outcome, whenever that came. Numbers that come again are counted
 * once; numbers that are missing are counted as missing.
 */
import type { FlatRecord } from '../audit/canonical.js';
import { mayEnd } from '../audit/may-end.js';
import { rfc3339Ms } from '../time/rfc3339.js';
import { Quantiles } from './quantiles.js';

export const COUNTED_BY = ['result', 'rule', 'host', 'agent', 'code', 'day'] as const;
export type CountedBy = (typeof COUNTED_BY)[number];

export interface Period {
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
}

export interface Calls {
  decisions: number;
  allowed: number;
  denied: number;
  /** Denied by the policy, and let pass: dry run, permissive mode, break glass. */
  letPass: number;
  /** Of outcomes. */
  ok: number;
  failed: number;
  readonly latencyMs: Quantiles;
}

export interface Row extends Calls {
  /** Null: the record has none. `…`: those for which there was no room. */
  readonly key: string | null;
}

export interface LogEvent {
  readonly time: string;
  readonly type: string;
  /** What of its fields a reader wants, in order. */
  readonly facts: FlatRecord;
}

const GROUPS_MAX = 10_000;
const OPEN_MAX = 10_000;
const EVENTS_MAX = 200;
const TYPES_MAX = 200;
const OTHERS = '\u2026';

/** Events that are listed, with the fields that are shown. */
const EVENTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['kill_engaged', ['source', 'scope', 'reason', 'aborted']],
  ['kill_released', ['source', 'scope']],
  ['policy_loaded', ['path', 'version', 'policy_sha256']],
  ['policy_rejected', ['path', 'error', 'line', 'column']],
  ['operator_action', ['action', 'by_uid', 'reason']],
  ['engine_rejected', ['error']],
  ['recovered', ['cause']],
  ['clock_jumped', ['by_ms']],
  ['records_dropped', ['sink', 'count', 'since']],
]);

export class ReportTally {
  readonly total: Calls = noCalls();
  /** Records of the period, by type. */
  readonly types = new Map<string, number>();
  readonly outcomes = new Map<string, number>();
  eventsLeftOut = 0;
  /** Outcomes whose decision is not among the records. */
  withoutDecision = 0;
  /** All that were counted, of any type, in the period or not. */
  recordCount = 0;
  repeated = 0;
  missing = 0;
  first: string | null = null;
  last: string | null = null;
  readonly #events: LogEvent[] = [];
  readonly #from: number;
  readonly #to: number;
  readonly #groups: ReadonlyMap<CountedBy, Map<string | null, Calls>>;
  /** Where each call without an outcome is counted; empty: outside of the period. */
  readonly #open = new Map<string, { readonly agent: unknown; readonly places: readonly Calls[] }>();
  readonly #next = new Map<string, number>();

  constructor({ sinceMs, untilMs }: Period, by: readonly CountedBy[]) {
    this.#from = sinceMs ?? Number.NEGATIVE_INFINITY;
    this.#to = untilMs ?? Number.POSITIVE_INFINITY;
    this.#groups = new Map(by.map(one => [one, new Map()]));
  }

  add(record: FlatRecord): void {
    if (!this.#isNew(record)) return;
    this.recordCount++;
    const { type, time } = record;
    const ms = typeof time === 'string' ? rfc3339Ms(time) : null;
    const inside = ms !== null && ms >= this.#from && ms < this.#to;
    if (type === 'outcome') this.#outcome(record);
    if (type === 'decision') this.#decision(record, inside);
    if (!inside) return;
    if (this.first === null || String(time) < this.first) this.first = String(time);
    if (this.last === null || String(time) > this.last) this.last = String(time);
    bump(this.types, String(type));
    const shown = EVENTS.get(String(type));
    if (shown === undefined) return;
    if (this.#events.length === EVENTS_MAX) this.eventsLeftOut++;
    else this.#events.push({ time: String(time), type: String(type), facts: picked(record, shown) });
  }

  /** By their times. */
  get events(): readonly LogEvent[] {
    return [...this.#events].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  }

  /** The most frequent first; days in order. */
  rows(by: CountedBy): readonly Row[] {
    const rows = [...(this.#groups.get(by) ?? [])].map(([key, calls]) => ({ key, ...calls }));
    const name = ({ key }: Row): string => key ?? '';
    const byName = (a: Row, b: Row): number => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0);
    return rows.sort((a, b) => (by === 'day' ? byName(a, b) : b.decisions - a.decisions || byName(a, b)));
  }

  #isNew({ log, seq }: FlatRecord): boolean {
    if (typeof log !== 'string' || typeof seq !== 'number') return true;
    const next = this.#next.get(log);
    if (next !== undefined && seq < next) {
      this.repeated++;
      return false;
    }
    if (next !== undefined) this.missing += seq - next;
    this.#next.set(log, seq + 1);
    return true;
  }

  #decision(record: FlatRecord, inside: boolean): void {
    const places = inside
      ? [this.total, ...[...this.#groups].map(([by, groups]) => group(groups, keyOf(by, record)))]
      : [];
    for (const calls of places) {
      calls.decisions++;
      if (record.policy_result === 'allow') calls.allowed++;
      else if (record.enforced === false) calls.letPass++;
      else calls.denied++;
    }
    if (typeof record.request_id !== 'string') return;
    this.#open.set(record.request_id, { agent: record.agent_id, places });
    if (this.#open.size > OPEN_MAX) this.#open.delete(this.#open.keys().next().value as string);
  }

  #outcome(record: FlatRecord): void {
    const { request_id: id, result, latency_ms: latencyMs } = record;
    const decided = this.#open.get(String(id));
    if (decided === undefined || !mayEnd(record, decided.agent)) {
      this.withoutDecision++;
      return;
    }
    this.#open.delete(String(id));
    if (decided.places.length > 0) bump(this.outcomes, String(result));
    for (const calls of decided.places) {
      if (result === 'ok') calls.ok++;
      else calls.failed++;
      if (typeof latencyMs === 'number' && latencyMs >= 0) calls.latencyMs.add(latencyMs);
    }
  }
}

function noCalls(): Calls {
  return { decisions: 0, allowed: 0, denied: 0, letPass: 0, ok: 0, failed: 0, latencyMs: new Quantiles() };
}

function group(groups: Map<string | null, Calls>, key: string | null): Calls {
  const known = groups.get(key);
  if (known !== undefined) return known;
  if (groups.size >= GROUPS_MAX && key !== OTHERS) return group(groups, OTHERS);
  const made = noCalls();
  groups.set(key, made);
  return made;
}

function keyOf(by: CountedBy, record: FlatRecord): string | null {
  switch (by) {
    case 'result':
      return record.policy_result === 'deny' && record.enforced === false
        ? 'deny, let pass'
        : text(record.policy_result);
    case 'rule':
      return text(record.matched_rule);
    case 'host':
      return text(record.url_host);
    case 'agent':
      return text(record.agent_id);
    case 'code':
      return text(record.code);
    case 'day':
      return String(record.time).slice(0, 10);
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function picked(record: FlatRecord, names: readonly string[]): FlatRecord {
  return Object.fromEntries(names.flatMap(name => (record[name] === undefined ? [] : [[name, record[name]]])));
}

function bump(counts: Map<string, number>, key: string): void {
  const known = counts.has(key) || counts.size < TYPES_MAX ? key : OTHERS;
  counts.set(known, (counts.get(known) ?? 0) + 1);
}
