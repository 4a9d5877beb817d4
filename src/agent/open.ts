/**
 * Opens an agent from settings: every part, in the order in which each may need the one before.
 *
 *   engine → log → kill switch → policy → break glass → the agent itself
 *
 *   out  : an agent that decides when this returns, or a Fault; nothing is left open then
 */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { AgentRecord, EngineFields } from '../core/audit/fields.js';
import { toHex, utf8 } from '../core/bytes.js';
import type { Settings } from '../core/config/settings.js';
import { eventOf } from '../core/events.js';
import { Fault } from '../core/fault.js';
import type { TelemetrySink } from '../core/telemetry/sink.js';
import { ensureEd25519 } from '../crypto/ed25519.js';
import type { LocalIdentity } from '../crypto/identity.js';
import { sha256 } from '../crypto/sha256.js';
import { SYSTEM_TIMERS } from '../disk/timers.js';
import { LiveAgent } from './agent.js';
import { Counters, type RecordObserver } from './counters.js';
import { EngineSwap, NO_DIGEST } from './engine/engine-swap.js';
import { engineTrust, openEngine, type StartEngine } from './engine/open-engine.js';
import { Ids } from './ids.js';
import { InFlight } from './in-flight.js';
import { killRecord } from './kill-records.js';
import { stops } from './kill-source.js';
import { type OpenKillSwitch, openKillSwitch } from './kill-switch.js';
import { LimitMemory, limitMemoryPath } from './limit-memory.js';
import { type OpenGlass, openBreakGlass } from './open-break-glass.js';
import { openKillLatch, unreleasable } from './open-kill-latch.js';
import { openLog } from './open-log.js';
import { openPolicy } from './open-policy.js';
import { OpenedAgent } from './opened.js';
import { markRun, ranBefore } from './ran-before.js';
import { Recorder } from './recorder.js';
import { openSystemClocks } from './system-clocks.js';
import { Telemetry } from './telemetry.js';
import { packageVersion } from './version.js';

/** What an opener is told beside the settings. */
export interface OpenHow {
  /** Source text of a policy given as an object; null: the file of the settings. */
  readonly policyObject: string | null;
  /** CHECKRD_DISABLED: nothing is judged but the request itself and the switch. */
  readonly disabled: boolean;
  /** Told of what an operator should know: loudly, once each. */
  readonly warn: (text: string) => void;
  /** Whose logs begin here; absent or null: nobody says. */
  readonly identity?: LocalIdentity | null;
  /** Gets an event for each call; absent or null: nothing does. */
  readonly telemetrySink?: TelemetrySink | null;
  /** Told of each record, and says what an operator should know of it; absent: `warn` is told of refused files. */
  readonly observer?: RecordObserver;
}

/** @throws Fault when any part cannot be had in strict mode. */
export function openAgent(settings: Settings, how: OpenHow): OpenedAgent {
  ensureEd25519();
  const start = startEngine(settings, how);
  const instanceId = randomBytes(8).toString('hex');
  const name = settings.agentId ?? 'daemon';
  const isFirstStart = !ranBefore(settings);
  const log = openLog(settings, {
    name,
    instanceId,
    identity: how.identity ?? null,
    onProblem: fault => how.warn(`${fault.message} (${fault.hint})`),
  });
  const sink = how.telemetrySink ?? null;
  const telemetry = sink === null ? null : new Telemetry(sink, Date.now);
  const recorder = new Recorder(log, Date.now, telemetry, new Counters(Date.now, how.observer));
  const append = (fields: AgentRecord): void => {
    log.append(fields);
    recorder.counters.written(fields);
  };
  const report = (fields: AgentRecord): void => {
    append(fields);
    const said = how.observer === undefined ? eventOf(fields) : null;
    if (said !== null && said.level !== 'info') how.warn(said.message);
  };
  const inFlight = new InFlight(() => performance.now());
  let kill: OpenKillSwitch | null = null;
  let glass: OpenGlass | null = null;
  let swap: EngineSwap | null = null;
  try {
    recorder.record({
      type: 'agent_started',
      agent_id: name,
      instance_id: instanceId,
      version: packageVersion(),
      node: process.version,
      mode: how.disabled ? 'disabled' : settings.securityMode,
      pid: process.pid,
    });
    if (how.disabled) recorder.record({ type: 'operator_action', action: 'disabled', by_uid: process.getuid?.() ?? 0 });
    const engine = start === null ? null : swappable(start, settings, report);
    swap = engine;
    recorder.record(
      engine === null
        ? { type: 'engine_rejected', engine_sha256: NO_DIGEST, error: 'engine_integrity' }
        : { type: 'engine_loaded', engine_sha256: engine.current.sha256, abi: engine.current.abi },
    );
    const latch = settings.killswitch === null ? null : openKillLatch(settings, log, recorder);
    kill = openKillSwitch({
      latch,
      path: settings.killswitch,
      securityMode: settings.securityMode,
      wallMs: Date.now,
      timers: SYSTEM_TIMERS,
      observer: {
        engaged: hold => {
          const ended = inFlight.abortAll(hold, agent => stops(hold, agent));
          latch?.engage(hold);
          recorder.record(killRecord('kill_engaged', hold, ended));
        },
        released: hold => void recorder.record(killRecord('kill_released', hold)),
      },
    });
    const limits = openLimits(settings);
    const policy = openPolicy(settings, how.policyObject, engine, report, limits, isFirstStart);
    // Not sooner: a mark without the memory that is begun there would be a loss.
    markRun(settings);
    if (engine !== null && policy.current === null) {
      how.warn(
        `no policy is in force: \`${settings.policy}\` (calls are answered with \`policy_missing\` until it loads)`,
      );
    }
    glass = openBreakGlass(settings, recorder, how.warn, SYSTEM_TIMERS);
    // What came with the program, an object or the package's engine in a library, stays as it came.
    if (how.policyObject === null && (settings.face === 'daemon' || settings.engine !== null)) engine?.follow(policy);
    const limitClockMs = (nowMs: number): number => limits?.clockMs(nowMs) ?? nowMs;
    const parts = { recorder, kill, policy, inFlight, glass, limitClockMs, ids: new Ids() };
    const agent = new LiveAgent(parts, {
      securityMode: settings.securityMode,
      enforce: settings.enforce,
      allowSkip: settings.allowSkip,
      disabled: how.disabled,
      urlPath: settings.audit.urlPath,
      inspectBytes: settings.inspectBytes,
      instanceId,
    });
    const warnings = [...(how.disabled ? [DISABLED] : []), ...kill.warnings, ...unreleasable(settings)];
    for (const warning of warnings) how.warn(warning);
    limits?.follow(() => policy.current);
    return new OpenedAgent(
      agent,
      { ...parts, kill, engine, log, telemetry, limits },
      {
        ...{ name, instanceId, settings, warnings, disabled: how.disabled },
      },
    );
  } catch (error) {
    void swap?.close();
    void kill?.close();
    void glass?.close();
    log.close();
    throw error;
  }
}

const DISABLED = 'CHECKRD_DISABLED=1: no policy is asked; only the kill switch still binds';

function swappable(start: StartEngine, settings: Settings, report: (fields: EngineFields) => void): EngineSwap {
  return new EngineSwap({
    start,
    trust: engineTrust(settings),
    inspectBytes: settings.inspectBytes,
    report,
    watch: settings.policyWatch,
  });
}

/** Null: counters end with the process. Two daemons may share a state folder; a socket is of one of them. */
function openLimits({ face, stateDir, policy, daemon }: Settings): LimitMemory | null {
  if (face !== 'daemon') return null;
  const name = toHex(sha256(utf8(`${policy}\n${daemon.socket}`))).slice(0, 16);
  return new LimitMemory({ path: limitMemoryPath(stateDir, name), clocks: openSystemClocks(), timers: SYSTEM_TIMERS });
}

/** Null: permissive mode goes on without one. */
function startEngine(settings: Settings, how: OpenHow): StartEngine | null {
  try {
    return openEngine(settings);
  } catch (error) {
    if (settings.securityMode === 'strict' || !(error instanceof Fault)) throw error;
    how.warn(`PERMISSIVE: ${error.message}; every call passes without a policy (${error.hint})`);
    return null;
  }
}
