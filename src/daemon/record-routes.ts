/**
 * Records that a library hands in, into the daemon's log.
 *
 *   in   : a report (core/audit/report.ts)
 *   out  : `{"ok":true,"next":N,"log":ORIGIN}` once every record before N is written (with `durability: fsync`, on disk)
 *   never: writes a record twice that the same instance sends twice, as long as this daemon lives
 *
 * What cannot be written is answered 503 with the `next` that is still wanted.
 */

import { readReport } from '../core/audit/report.js';
import type { AgentId } from '../core/brand.js';
import { REPORTERS_MAX_PER_AGENT } from '../core/limits.js';
import type { DaemonAgent } from './agent-port.js';
import { fail, type Reply, type Route } from './http.js';

export function recordRoutes(agent: DaemonAgent, owner: AgentId): readonly Route[] {
  const reporters = new Reporters();
  return [{ method: 'POST', path: '/v1/records', handle: body => take(agent, reporters, owner, body) }];
}

/** Which record of each instance comes next. The instance that was silent longest is forgotten first. */
class Reporters {
  readonly #next = new Map<string, number>();

  /** Null: never heard of. */
  next(instanceId: string): number | null {
    return this.#next.get(instanceId) ?? null;
  }

  set(instanceId: string, next: number): void {
    this.#next.delete(instanceId);
    this.#next.set(instanceId, next);
    if (this.#next.size <= REPORTERS_MAX_PER_AGENT) return;
    for (const oldest of this.#next.keys()) {
      this.#next.delete(oldest);
      return;
    }
  }
}

function take(agent: DaemonAgent, reporters: Reporters, owner: AgentId, text: string): Reply | Promise<Reply> {
  const read = readReport(text, owner);
  if (!read.ok) {
    const { code, message } = read.error;
    return fail(code === 'agent_mismatch' ? 403 : 400, code, message);
  }
  const { instanceId, first, records } = read.report;
  const end = first + records.length;
  if (records.length === 0 && agent.health().audit.state === 'failing') return unwritten(first);
  const from = Math.max(reporters.next(instanceId) ?? first, first);
  for (let n = from; n < end; n++) {
    try {
      agent.report(records[n - first] as (typeof records)[number]);
    } catch {
      // The log has said why through its own channel.
      reporters.set(instanceId, n);
      return unwritten(n);
    }
  }
  const next = Math.max(from, end);
  reporters.set(instanceId, next);
  const taken = (): Reply => ({
    status: 200,
    body: JSON.stringify({ ok: true, next, log: agent.health().audit.origin }),
  });
  const synced = records.length === 0 ? null : agent.onDisk();
  if (synced === null) return taken();
  return synced.then(certain => {
    // What may be lost is wanted again, whoever of those that sent it noticed.
    if (!certain) reporters.set(instanceId, Math.min(from, reporters.next(instanceId) ?? from));
    const known = reporters.next(instanceId) ?? end;
    return known >= end ? taken() : unwritten(known);
  });
}

function unwritten(next: number): Reply {
  const errors = [{ code: 'audit_unavailable', message: 'the audit log cannot be written' }];
  return { status: 503, body: JSON.stringify({ ok: false, next, errors }) };
}
