/**
 * A running agent: the decision point, with its health, its clock watch, and an end that loses no record however the
 * process leaves.
 */
import { performance } from 'node:perf_hooks';
import type { AgentRecord } from '../core/audit/fields.js';
import type { AgentId } from '../core/brand.js';
import type { EgressSettings, Settings } from '../core/config/settings.js';
import { systemDenial } from '../core/decide/system.js';
import type { ActionRequest } from '../core/decide/types.js';
import { wordsOf } from '../core/status/limits.js';
import { SYSTEM_TIMERS } from '../disk/timers.js';
import type { LiveAgent } from './agent.js';
import { glassText } from './break-glass.js';
import { CLOCK_JUMP_MS } from './clock-jump.js';
import { processCoverage } from './coverage.js';
import { answers } from './decide.js';
import type { EngineSwap } from './engine/engine-swap.js';
import { onExit } from './exit.js';
import type { Ids } from './ids.js';
import type { InFlight } from './in-flight.js';
import type { OpenKillSwitch } from './kill-switch.js';
import type { LimitMemory } from './limit-memory.js';
import type { OpenGlass } from './open-break-glass.js';
import type { WatchedPolicySource } from './policy-ports.js';
import { ProcessFile } from './process-file.js';
import type { Recorder } from './recorder.js';
import type { Telemetry } from './telemetry.js';
import type { Agent, AgentHealth, AgentLifecycle, AuditLog, Begun, CallContext, SecurityMode } from './types.js';

export interface OpenedParts {
  readonly recorder: Recorder;
  readonly kill: OpenKillSwitch;
  readonly policy: WatchedPolicySource;
  /** Null: permissive mode runs without one. */
  readonly engine: EngineSwap | null;
  readonly inFlight: InFlight;
  readonly log: AuditLog;
  readonly ids: Ids;
  readonly glass: OpenGlass;
  /** Null: a library, whose counters end with its process. */
  readonly limits: LimitMemory | null;
  /** Null: no sink. */
  readonly telemetry: Telemetry | null;
}

export interface OpenedAs {
  /** An agent ID, or `daemon`. */
  readonly name: string;
  readonly instanceId: string;
  readonly settings: Settings;
  /** CHECKRD_DISABLED. */
  readonly disabled: boolean;
  /** What the operator should know for as long as this agent runs. */
  readonly warnings: readonly string[];
}

/** What a sink did not get is recorded at most this often. */
const DROPS_EVERY_MS = 60_000;
const CLOCK_LOOK_MS = 1_000;

export class OpenedAgent implements Agent, AgentLifecycle {
  readonly agentId: AgentId;
  readonly onlyAgent?: AgentId;
  readonly securityMode: SecurityMode;
  readonly egress: EgressSettings;
  readonly #agent: LiveAgent;
  readonly #parts: OpenedParts;
  readonly #as: OpenedAs;
  readonly #stopClock: () => void;
  readonly #forgetExit: () => void;
  readonly #stopDrops: () => void;
  /** Null: a daemon, whose process makes no calls. */
  readonly #listed: ProcessFile | null;
  /** No call passes any more. */
  #closed = false;
  /** The last records are written. */
  #ended = false;

  constructor(agent: LiveAgent, parts: OpenedParts, as: OpenedAs) {
    this.#agent = agent;
    this.#parts = parts;
    this.#as = as;
    this.agentId = as.name as AgentId;
    if (as.settings.daemon.records !== null) this.onlyAgent = this.agentId;
    this.securityMode = as.settings.securityMode;
    this.egress = as.settings.egress;
    this.#stopClock = this.#watchClock();
    this.#stopDrops =
      parts.telemetry === null ? () => undefined : SYSTEM_TIMERS.every(DROPS_EVERY_MS, () => this.#recordDrops());
    this.#listed = as.settings.face === 'library' ? this.#list() : null;
    this.#forgetExit = onExit(() => {
      parts.inFlight.leaveAll();
      parts.telemetry?.exit();
      this.#end('exit');
      parts.log.close();
    });
  }

  begin(request: ActionRequest, context: CallContext): Begun {
    return this.#closed ? this.#late() : this.#agent.begin(request, context);
  }
  precheck(request: ActionRequest, context: CallContext): ReturnType<Agent['precheck']> {
    return this.#closed ? this.#late() : this.#agent.precheck(request, context);
  }
  skip(request: ActionRequest, context: CallContext): ReturnType<Agent['skip']> {
    return this.#closed ? this.#late() : this.#agent.skip(request, context);
  }
  waits(...what: Parameters<Agent['waits']>): ReturnType<Agent['waits']> {
    return this.#agent.waits(...what);
  }
  refuse(...what: Parameters<Agent['refuse']>): ReturnType<Agent['refuse']> {
    return this.#agent.refuse(...what);
  }

  /** Nothing can be recorded any more, so nothing passes, in permissive mode either. */
  #late(): Extract<Begun, { kind: 'refused' }> {
    const decision = systemDenial('audit_unavailable', 'the agent was closed before this call');
    return { kind: 'refused', requestId: this.#parts.ids.request(Date.now()), decision };
  }

  /** The log's file has been moved away: begins the next. Policy and engine are looked at as well. */
  hangup(): void {
    this.#parts.log.reopen();
    this.#parts.policy.lookAgain();
    this.#parts.engine?.lookAgain();
  }

  report(record: AgentRecord): void {
    this.#parts.log.append(record);
    this.#parts.recorder.counters.written(record);
    this.#parts.telemetry?.recorded(record);
  }

  onDisk(): Promise<boolean> | null {
    return this.#parts.log.onDisk();
  }

  decides(): boolean {
    const { policy, limits } = this.#parts;
    const nowMs = performance.now();
    const at = { wallMs: Date.now(), monotonicMs: limits?.clockMs(nowMs) ?? nowMs };
    return policy.current === null || answers(policy.current, at);
  }

  /** Every edge of a guarded process is in place. */
  edgesInPlace(): void {
    this.#listed?.settled();
  }

  health(): AgentHealth {
    return { ...this.#health(), processFile: this.#listed?.state ?? null };
  }

  #health(): Omit<AgentHealth, 'processFile'> {
    const { log, policy, kill, glass, limits } = this.#parts;
    const engine = this.#parts.engine?.health() ?? null;
    const audit = log.health();
    const policyHealth = policy.health();
    const failing = audit.state === 'failing' || this.#closed;
    const breakGlass = glass.inForce(Date.now());
    const loud = breakGlass === null ? [] : [glassText(breakGlass)];
    const warnings = [...this.#as.warnings, ...loud, ...kill.problems, ...glass.problems, ...(limits?.problems ?? [])];
    const sound = policyHealth.state === 'ok' && audit.state === 'ok' && engine?.issue === null;
    const well = sound && warnings.length === 0;
    return {
      state: failing ? 'failing' : well ? 'ok' : 'degraded',
      securityMode: this.securityMode,
      policy: policyHealth,
      policySha256: policy.current?.id ?? null,
      engine,
      audit: { ...audit, origin: log.origin, path: log.path, size: log.size },
      holds: kill.holds,
      breakGlass,
      inFlight: this.#parts.inFlight.size,
      counters: this.#parts.recorder.counters.read(),
      warnings,
      coverage: processCoverage.list(),
    };
  }

  async close(): Promise<void> {
    if (this.#parts.telemetry !== null && !this.#closed) {
      this.#closed = true;
      this.#parts.inFlight.leaveAll();
      // The log stays open: what the sink does not take is recorded.
      await this.#parts.telemetry.close();
    }
    await this.#parts.limits?.idle();
    this.#end('close');
    // A daemon is still to say that it has the last records.
    await this.#parts.log.onDisk();
    this.#forgetExit();
    this.#parts.log.close();
    const { engine, policy, kill, glass } = this.#parts;
    await Promise.all([engine?.close(), policy.close(), kill.close(), glass.close()]);
  }

  /** The last records. Synchronous, so that an exit handler can finish it. */
  #end(reason: string): void {
    if (this.#ended) return;
    this.#closed = true;
    this.#ended = true;
    this.#stopClock();
    this.#stopDrops();
    this.#listed?.remove();
    this.#parts.inFlight.leaveAll();
    this.#parts.limits?.end(this.#parts.policy.current);
    this.#recordDrops();
    this.#parts.recorder.record({
      type: 'agent_stopped',
      agent_id: this.#as.name,
      instance_id: this.#as.instanceId,
      reason,
    });
  }

  #list(): ProcessFile {
    const { settings, name, instanceId, disabled } = this.#as;
    return new ProcessFile({
      ...{ settings, agentId: name, instanceId, disabled },
      nodeFlags: [...wordsOf(process.env.NODE_OPTIONS ?? ''), ...process.execArgv],
      health: () => this.#health(),
      timers: SYSTEM_TIMERS,
      wallMs: Date.now,
    });
  }

  #recordDrops(): void {
    const dropped = this.#parts.telemetry?.takeDropped() ?? null;
    if (dropped === null) return;
    const since = new Date(dropped.sinceMs).toISOString();
    this.#parts.recorder.record({ type: 'records_dropped', sink: 'telemetry', count: dropped.count, since });
  }

  #watchClock(): () => void {
    const drift = (): number => Date.now() - performance.now();
    let expected = drift();
    return SYSTEM_TIMERS.every(CLOCK_LOOK_MS, () => {
      const by = Math.round(drift() - expected);
      if (Math.abs(by) < CLOCK_JUMP_MS) return;
      expected += by;
      this.#parts.kill.clockJumped();
      this.#parts.recorder.record({ type: 'clock_jumped', by_ms: by });
    });
  }
}
