/**
 * The joints of the agent: what each part promises the others. Types only.
 *
 *   edge (fetch, socket) → Agent.begin → Call → Agent's parts: KillSwitch, PolicySource, AuditLog
 */
import type { AgentRecord, OutcomeFields } from '../core/audit/fields.js';
import type { AgentId, Sha256Hex } from '../core/brand.js';
import type { RuleNames } from '../core/decide/answer.js';
import type { ActionRequest, Decision, PolicyMode } from '../core/decide/types.js';
import type { Usage } from '../core/outcome/usage.js';
import type { PolicyIssue } from '../core/policy/issues.js';
import type { TelemetrySink } from '../core/telemetry/sink.js';
import type { Engine } from '../wasm/engine.js';
import type { CounterReading } from './counters.js';
import type { WayCoverage } from './coverage.js';

/** `strict` is the default; `permissive` is a roll-out aid and says so loudly. */
export type SecurityMode = 'strict' | 'permissive';

/* ---- the audit log ------------------------------------------------------------------------------------------- */

/** One writer's log. Synchronous: when `append` returns, the record is in the kernel (not with `durability: async`). */
export interface AuditLog {
  /** `<host>/<agent-id or daemon>/<16 hex>`. */
  readonly origin: string;
  /** Absolute path of the file being written. */
  readonly path: string;
  /** Padded base64 of the 32 raw bytes. */
  readonly publicKey: string;
  /** Records written so far. */
  readonly size: number;
  /** @throws Fault `audit_unavailable` (a daemon's: `daemon_unavailable`) when the record is not in the file; the file is left as it was. */
  append(record: AgentRecord): void;
  /**
   * With `durability: fsync`: whether everything appended so far is on disk, once that is known; what waits together is synced
   * once. False: it may be lost. Null: nobody waits.
   */
  onDisk(): Promise<boolean> | null;
  /** There where a daemon writes the records; then `onDisk` waits for it. `lost`: no record can be had, so no call may proceed. */
  readonly daemon?: 'there' | 'lost';
  /** Ends this file and begins the next (SIGHUP after logrotate moved it). */
  reopen(): void;
  /** Last checkpoint, sync, state file. Synchronous, so that an exit handler may call it; idempotent. */
  close(): void;
  health(): AuditHealth;
}

export interface AuditHealth {
  /** `degraded`: records are written, and what should stand behind them is missing (the reserve). */
  readonly state: 'ok' | 'degraded' | 'failing';
  /** Why, when not ok: a code and a sentence. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly checkpointSize: number;
  readonly lastCheckpointMs: number | null;
  /** Records that no checkpoint covers yet. */
  readonly uncovered: number;
  /** Number of the file being written, from 0; null: another process writes it. */
  readonly segment: number | null;
}

/* ---- the kill switch ----------------------------------------------------------------------------------------- */

/** One reason why calls are refused. Each source is a hold of its own. */
export interface KillHold {
  readonly source: string;
  readonly scope: string;
  readonly reason: string | null;
  readonly ownerUid: number | null;
  /** mtime in milliseconds since 1970, null when unreadable. */
  readonly fileTimeMs: number | null;
  /** Only a signed release of this ID for this log ends it; absent: it ends with the file. */
  readonly latch?: { readonly id: string; readonly log: string };
}

export interface KillSwitch {
  /** Looks at the files now (lstat, lstat, stat). Null: calls of this agent may go on. */
  look(agent: AgentId): KillHold | null;
  close(): Promise<void>;
}

/* ---- break glass --------------------------------------------------------------------------------------------- */

/** Signed and in force: denials of the policy are recorded and let through for these agents. */
export interface GlassState {
  /** Globs over agent IDs. */
  readonly agents: readonly string[];
  readonly reason: string;
  /** Milliseconds since 1970; a clock that is set back does not move the end. */
  readonly expiresMs: number;
  /** Whose signatures count. */
  readonly keyIds: readonly string[];
}

export interface Glass {
  /** What counts at this wall time; null: none. */
  inForce(wallMs: number): GlassState | null;
}

/* ---- the policy ---------------------------------------------------------------------------------------------- */

/** One document of the generation in force. */
export interface LiveDocument extends RuleNames {
  readonly path: string;
  readonly sha256: Sha256Hex;
  /** File name in `policy.d`; null: the main document. */
  readonly layer: string | null;
  readonly agentLabel: string | null;
  readonly mode: PolicyMode;
  readonly version: number | null;
  readonly engine: Engine;
}

/** A set of documents that decides as one: the main one first. Replaced whole or not at all; never empty. */
export interface Generation {
  readonly id: Sha256Hex;
  readonly documents: readonly LiveDocument[];
}

export interface PolicySource {
  /** Null: none, every call is `policy_missing`. */
  readonly current: Generation | null;
  health(): PolicyHealth;
  close(): Promise<void>;
}

export interface PolicyHealth {
  readonly state: 'ok' | 'degraded' | 'missing';
  readonly path: string;
  /** What was wrong with the newest file that did not go live. */
  readonly issue: PolicyIssue | { readonly code: string; readonly message: string } | null;
  /** True where only the poll sees changes. */
  readonly pollOnly: boolean;
}

/* ---- the engine ---------------------------------------------------------------------------------------------- */

export interface EngineHealth {
  /** Of its file. */
  readonly path: string;
  /** Of the engine in force, 64 lower-case hexadecimal characters. */
  readonly sha256: string;
  readonly abi: number;
  /** `pinned`: what this version was built with. */
  readonly from: 'pinned' | 'signed';
  /** IDs of the trusted keys that signed it. */
  readonly signedBy: readonly string[];
  /** What was wrong with the newest file that did not take its place. */
  readonly issue: { readonly code: string; readonly message: string } | null;
}

/* ---- one call ------------------------------------------------------------------------------------------------ */

export interface CallContext {
  readonly agent: AgentId;
  readonly parentRequestId?: string;
  readonly sessionId?: string;
  /** W3C traceparent as received, when there is one. */
  readonly traceparent?: string;
}

/** What came of asking. `need_body`: read the body (up to `inspectBytes`) and ask again with the bytes. */
export type Begun =
  | { readonly kind: 'need_body'; readonly inspectBytes: number }
  | {
      readonly kind: 'refused';
      readonly requestId: string;
      readonly decision: Decision;
      /** A flood: an edge that can wait answers its caller so many milliseconds later. Absent: at once. */
      readonly waitMs?: number;
    }
  | { readonly kind: 'proceed'; readonly requestId: string; readonly decision: Decision; readonly call: Call };

export type OutcomeResult = OutcomeFields['result'];

/** A call that may proceed. Its decision record is in the log already. */
export interface Call {
  /** Fires with the denial right after the switch has ended what is in flight. */
  readonly signal: AbortSignal;
  /** The hold that ended this call, null while it lives. */
  readonly killed: KillHold | null;
  /**
   * Has `listener` called once, synchronously, when the switch ends this call (`killed` is set by then), now if it has
   * done so already; not after `finish`. One listener, the last one given: an edge that has its own AbortController needs no second one, and an
   * agent whose `signal` is made when first asked for saves several microseconds a call.
   */
  onKill(listener: () => void): void;
  /**
   * Where the log promises the disk, or is a daemon's: asked once, in the turn of `begin`. A denial: the record may be lost, the
   * call must not go on, and its outcome is written. Null: nothing to wait for. `confirm` follows.
   */
  onDisk(): Promise<Decision | null> | null;
  /**
   * Looks at the switch again, just before the request is handed to the transport.
   * Needed when anything asynchronous came after `begin`. On a hold the outcome (`killed`) is written.
   */
  confirm(): KillHold | null;
  /** The head of the response has come: `close` writes `ok` with this status for a call that nobody reads to its end. */
  answered(statusCode: number): void;
  /** Writes the outcome once; later calls do nothing. Never throws. */
  finish(outcome: Outcome): void;
}

export interface Outcome {
  readonly result: OutcomeResult;
  readonly statusCode?: number;
  /** As the caller measured it; absent: from the decision until now. */
  readonly latencyMs?: number;
  readonly requestBytes?: number;
  readonly responseBytes?: number;
  /** What a model's answer said of itself. */
  readonly usage?: Usage;
}

/** The policy decision point and its record, for every edge. */
export interface Agent {
  /** Decides and records. Never throws: what cannot be decided or recorded comes back refused. */
  begin(request: ActionRequest, context: CallContext): Begun;
  /**
   * The request check and the kill switch alone, for an edge with a hook to run before the policy is asked.
   * Null: go on (nothing was recorded). A refusal is recorded. `begin` or `skip` follows and looks again.
   */
  precheck(request: ActionRequest, context: CallContext): Extract<Begun, { kind: 'refused' }> | null;
  /**
   * As `begin`, but the policy is not asked (`hook_skipped`). Request check and kill switch bind as ever; where the
   * settings say `allow_skip: false` it comes back refused (`hook_refused`).
   */
  skip(request: ActionRequest, context: CallContext): Exclude<Begun, { kind: 'need_body' }>;
  /**
   * For an edge that waits before `begin` (a hook, a body): `stopped` is called once, synchronously, when the switch stops
   * this agent meanwhile. `precheck` then says so and records it. The answer takes it back.
   */
  waits(agent: AgentId, stopped: () => void): () => void;
  /**
   * Records a refusal that an edge had to make (`redirect_refused`, `hook_refused`, `not_covered`, `request_invalid` for
   * what cannot even be put as a request).
   */
  refuse(
    code: 'redirect_refused' | 'hook_refused' | 'request_invalid' | 'not_covered',
    reason: string,
    request: Partial<ActionRequest>,
    context: CallContext,
  ): { readonly requestId: string; readonly decision: Decision; readonly waitMs?: number };
}

/* ---- opening and closing ------------------------------------------------------------------------------------- */

export interface AgentHealth {
  readonly state: 'ok' | 'degraded' | 'failing';
  readonly securityMode: SecurityMode;
  readonly policy: PolicyHealth;
  /** SHA-256 of the policy in force, null: none. */
  readonly policySha256: string | null;
  /** Null: permissive mode runs without one. */
  readonly engine: EngineHealth | null;
  readonly audit: AuditHealth & { readonly origin: string; readonly path: string; readonly size: number };
  /** What stops calls now; empty when nothing does. */
  readonly holds: readonly KillHold[];
  /** Break glass that is in force; null: none. */
  readonly breakGlass: GlassState | null;
  /** Calls under way, those that wait for a hook or a body among them. */
  readonly inFlight: number;
  /** Since the start of this agent. */
  readonly counters: CounterReading;
  /** What the operator should know. */
  readonly warnings: readonly string[];
  /** Each way out of this process: all agents in it share the edges. */
  readonly coverage: readonly WayCoverage[];
  /**
   * What `checkrd status` reads of this process. `error`: the system's code where it could not be written; calls go on.
   * Null: there is none.
   */
  readonly processFile: { readonly path: string; readonly error: string | null } | null;
}

export interface AgentLifecycle {
  readonly agentId: AgentId;
  /** Where records go to a daemon's socket: calls of no other agent can be recorded. Absent: any agent's can. */
  readonly onlyAgent?: AgentId;
  readonly securityMode: SecurityMode;
  /** Never throws. */
  health(): AgentHealth;
  /** Ends what is in flight in the books, writes the last records, lets go of files. Idempotent. */
  close(): Promise<void>;
}

/** What the library was told, as it was told: the opener resolves it together with the environment and the file. */
export interface OpenRequest {
  readonly options: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absent or null: none. */
  readonly telemetrySink?: TelemetrySink | null;
}

/** @throws CheckrdInitError when any part cannot be had (no engine, no log, bad settings). */
export type OpenAgent = (request: OpenRequest) => Agent & AgentLifecycle;
