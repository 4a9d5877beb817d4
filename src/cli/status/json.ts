/** `status --json`. */
import type { Judgement } from '../../core/status/judge.js';
import type { ProcessList } from '../../core/status/processes.js';
import { generationOf } from './daemon.js';
import type { Gathered } from './gather.js';

export function statusJson(of: Gathered, { wrong, notable }: Judgement): string {
  const { settings, daemon } = of;
  return JSON.stringify({
    ok: wrong.length + notable.length === 0,
    security_mode: settings.securityMode,
    enforce: settings.enforce,
    policy: { ...of.policy, in_force: inForce(of) },
    signature: of.signature,
    engine: of.engine,
    kill_switch: {
      path: settings.killswitch,
      engaged: of.kill,
      resume_requires: settings.resumeRequires,
      latched: of.latched.kills,
    },
    break_glass: of.glass,
    logs: of.logs,
    disk: diskJson(of.disk),
    writable_by_agent: of.open,
    daemon: daemon === null ? null : (daemon.body ?? { status: 'silent', error: daemon.why }),
    processes: processesJson(of.processes),
    unseen: of.unseen,
    wrong,
    notable,
  });
}

function diskJson(disk: Gathered['disk']) {
  return (
    disk && {
      log_bytes: disk.logBytes,
      free_bytes: disk.freeBytes,
      bytes_per_day: disk.bytesPerDay,
      days_until_full: disk.daysUntilFull === Number.POSITIVE_INFINITY ? 'never' : disk.daysUntilFull,
    }
  );
}

/** Generations, and who decides by each. */
export function inForce({ daemon, processes }: Gathered): readonly { sha256: string; by: readonly string[] }[] {
  const by = new Map<string, string[]>();
  const add = (sha256: string | null, who: string): void => {
    if (sha256 !== null) by.set(sha256, [...(by.get(sha256) ?? []), who]);
  };
  add(generationOf(daemon?.body ?? null), 'daemon');
  for (const { policySha256, identity } of processes.processes) add(policySha256, `pid ${identity.pid}`);
  return [...by].map(([sha256, who]) => ({ sha256, by: [...new Set(who)] }));
}

function processesJson(list: ProcessList) {
  return {
    path: list.path,
    error: list.error,
    stale: list.stale,
    refused: list.refused,
    newer: list.newer,
    unread: list.unread,
    living: list.processes.map(one => ({
      pid: one.identity.pid,
      thread: one.identity.tid,
      lives: one.life === 'lives' ? true : null,
      agent_id: one.agentId,
      instance_id: one.instanceId,
      version: one.version,
      node: one.node,
      mode: one.mode,
      enforce: one.enforce,
      state: one.state,
      policy_sha256: one.policySha256,
      log: one.log,
      started: timeText(one.startedMs),
      written: timeText(one.writtenMs),
      coverage_rule: one.coverageRule,
      coverage: one.coverage,
      limits: one.limits,
      counters: { allowed: one.allowed, denied: one.denied, observed: one.observed, by_code: one.byCode },
    })),
  };
}

/** Null for a time that no date can hold: a process says when it spoke. */
function timeText(ms: number): string | null {
  return ms <= 8.64e15 ? new Date(ms).toISOString() : null;
}
