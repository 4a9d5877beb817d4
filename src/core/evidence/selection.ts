/**
 * Which records of a log are asked for. All conditions that are given must hold.
 *
 * An outcome names only its request, so the requests of the agent that is asked for are remembered.
 */
import type { FlatRecord } from '../audit/canonical.js';
import { mayEnd } from '../audit/may-end.js';
import { rfc3339Ms } from '../time/rfc3339.js';
import type { Asked } from './bundle.js';

export class Selection {
  readonly #asked: Asked;
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #requests = new Set<unknown>();

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#fromMs = timeMs(asked.since, Number.NEGATIVE_INFINITY);
    this.#toMs = timeMs(asked.until, Number.POSITIVE_INFINITY);
    if (asked.request !== undefined) this.#requests.add(asked.request);
  }

  /** To be asked about each record, in order. */
  takes(record: FlatRecord): boolean {
    return this.#isAsked(record) && this.#isInTime(record);
  }

  #isAsked(record: FlatRecord): boolean {
    const { request, agent } = this.#asked;
    const { type, request_id: id, parent_request_id: parent } = record;
    if (request !== undefined) {
      // A redirect is a request of its own that names the one before.
      if (parent !== undefined && this.#requests.has(parent)) this.#requests.add(id);
      if (id === undefined || !this.#requests.has(id)) return false;
      return agent === undefined || type !== 'decision' || record.agent_id === agent;
    }
    if (agent === undefined) return true;
    if (type === 'decision' && record.agent_id === agent) this.#requests.add(id);
    if (type === 'outcome') return mayEnd(record, agent) && this.#requests.delete(id);
    return record.agent_id === agent;
  }

  #isInTime({ time }: FlatRecord): boolean {
    const ms = typeof time === 'string' ? rfc3339Ms(time) : null;
    return ms !== null && ms >= this.#fromMs && ms < this.#toMs;
  }
}

function timeMs(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : (rfc3339Ms(text) ?? otherwise);
}
