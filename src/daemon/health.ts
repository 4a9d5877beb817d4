/** What /healthz and /readyz say, and the line that `systemctl status` shows. */
import { statSync } from 'node:fs';
import { type CounterReading, callTotals } from '../agent/counters.js';
import type { AuditHealth } from '../agent/types.js';
import type { AgentId } from '../core/brand.js';
import type { DaemonAgent } from './agent-port.js';
import { fail, type Reply, type Route } from './http.js';
import type { OpenCalls } from './open-calls.js';

export interface HealthParts {
  readonly agent: DaemonAgent;
  readonly calls: OpenCalls;
  readonly stopping: () => boolean;
  readonly version: string;
  readonly mode: 'strict' | 'permissive';
  readonly agents: readonly AgentId[];
  /** Folder of the agents' sockets. */
  readonly agentSockets: string;
}

export function healthRoutes(parts: HealthParts): readonly Route[] {
  return [
    { method: 'GET', path: '/healthz', handle: () => ({ status: 200, body: JSON.stringify(healthOf(parts)) }) },
    { method: 'GET', path: '/readyz', handle: () => readiness(parts) },
  ];
}

/** The main socket belongs to no agent, so it decides for none. */
export function mainRoutes(parts: HealthParts, more: readonly Route[]): readonly Route[] {
  const refuse = () =>
    fail(403, 'no_agent', `this socket decides for no agent; use ${parts.agentSockets}/<agent id>.sock`);
  return [
    ...healthRoutes(parts),
    ...more,
    { method: 'POST', path: '/v1/decide', handle: refuse },
    { method: 'POST', path: '/v1/outcome', handle: refuse },
    { method: 'POST', path: '/v1/records', handle: refuse },
  ];
}

/** One line without anything that others wrote. */
export function statusLine(parts: HealthParts): string {
  const { policySha256, holds, breakGlass } = parts.agent.health();
  return [
    statusOf(parts),
    parts.mode,
    `${parts.agents.length} agent${parts.agents.length === 1 ? '' : 's'}`,
    policySha256 === null ? 'no policy' : `policy ${policySha256.slice(0, 12)}`,
    ...(holds.length === 0 ? [] : ['kill switch engaged']),
    ...(breakGlass === null ? [] : ['break glass']),
  ].join(', ');
}

function statusOf(parts: HealthParts): 'ok' | 'degraded' | 'failing' | 'stopping' {
  if (parts.stopping()) return 'stopping';
  if (reasonsAgainst(parts).length > 0) return 'failing';
  const { policy, warnings } = parts.agent.health();
  return policy.state === 'ok' && warnings.length === 0 && !isEngineRefused(parts) ? 'ok' : 'degraded';
}

function healthOf(parts: HealthParts) {
  const { policy, policySha256, engine, audit, holds, breakGlass, counters, warnings } = parts.agent.health();
  return {
    status: statusOf(parts),
    version: parts.version,
    pid: process.pid,
    uptime_s: Math.round(process.uptime()),
    mode: parts.mode,
    agents: parts.agents,
    open_calls: parts.calls.size,
    policy: {
      state: policy.state,
      path: policy.path,
      sha256: policySha256,
      issue: policy.issue,
      poll_only: policy.pollOnly,
    },
    engine:
      engine === null
        ? null
        : {
            ...{ path: engine.path, sha256: engine.sha256, abi: engine.abi, from: engine.from },
            ...{ signed_by: engine.signedBy, issue: engine.issue },
          },
    audit: {
      state: audit.state,
      path: audit.path,
      origin: audit.origin,
      size: audit.size,
      checkpoint_size: audit.checkpointSize,
      last_checkpoint: audit.lastCheckpointMs === null ? null : new Date(audit.lastCheckpointMs).toISOString(),
      error: audit.error,
    },
    warnings,
    counters: countersOf(counters, audit, parts),
    break_glass:
      breakGlass === null
        ? null
        : {
            agents: breakGlass.agents,
            reason: breakGlass.reason,
            expires: new Date(breakGlass.expiresMs).toISOString(),
            signed_by: breakGlass.keyIds,
          },
    kill: holds.map(({ source, scope, reason, latch }) => ({
      ...{ source, scope, reason },
      ...(latch === undefined ? {} : { release_id: latch.id, release_log: latch.log }),
    })),
  };
}

/** Since this daemon's start; `reported` is what libraries decided and handed in. */
function countersOf(counters: CounterReading, audit: AuditHealth & { readonly path: string }, { calls }: HealthParts) {
  const part = (reported: boolean) => {
    const { byCode, ...totals } = callTotals(counters, reported);
    const outcomes = counters.outcomes.filter(one => one.reported === reported);
    return {
      ...totals,
      by_code: byCode,
      outcomes: Object.fromEntries(outcomes.map(({ result, count }) => [result, count])),
    };
  };
  return {
    ...part(false),
    reported: { ...part(true), records: counters.reported },
    records: counters.records,
    unwritten: counters.unwritten,
    policies_loaded: counters.policiesLoaded,
    policies_rejected: counters.policiesRejected,
    log_bytes: fileBytes(audit.path),
    checkpoint_age_s: audit.lastCheckpointMs === null ? null : ageSeconds(audit.lastCheckpointMs),
    open_calls: calls.size,
  };
}

/** Of the file that is being written; null: it is not there. */
function fileBytes(path: string): number | null {
  try {
    return statSync(path).size;
  } catch {
    return null;
  }
}

function ageSeconds(sinceMs: number): number {
  return Math.max(0, Math.round((Date.now() - sinceMs) / 1000));
}

/** A newer engine file was refused; the old one decides. */
function isEngineRefused({ agent }: HealthParts): boolean {
  return (agent.health().engine?.issue ?? null) !== null;
}

/** Not ready where calls would be refused (or let pass) because something of ours fails; a kill is no failure. */
function reasonsAgainst({ agent, stopping }: HealthParts): readonly { code: string; message: string }[] {
  const { policy, audit } = agent.health();
  return [
    ...(stopping() ? [{ code: 'stopping', message: 'the daemon is stopping' }] : []),
    ...(policy.state === 'missing' ? [{ code: 'policy_missing', message: 'no policy is in force' }] : []),
    ...(audit.state === 'failing'
      ? [{ code: 'audit_unavailable', message: audit.error?.message ?? 'the audit log cannot be written' }]
      : []),
  ];
}

function readiness(parts: HealthParts): Reply {
  const errors = reasonsAgainst(parts);
  if (errors.length > 0) return { status: 503, body: JSON.stringify({ ok: false, errors }) };
  return {
    status: 200,
    body: JSON.stringify({
      ok: true,
      degraded: parts.agent.health().policy.state === 'degraded' || isEngineRefused(parts),
    }),
  };
}
