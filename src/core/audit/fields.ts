/**
 * The fields of every audit record, as its author gives them; the log adds `v`, `log`, `seq`, `prev` and `time`.
 *
 * A closed allowlist: what has no name here cannot reach the file (no bodies, header values, query strings or tokens).
 * Numbers are integers of magnitude ≤ 2^53−1; an absent value is an absent key, never null.
 */
import type { DecisionCode, MatchedRuleKind, PolicyMode, Result } from '../decide/types.js';

/** Whose record it is, where a daemon's log holds what a library handed in; in the library's own log it goes without saying. */
export interface Reporter {
  readonly agent_id?: string;
  readonly instance_id?: string;
  /** True: it proves only that it was reported. */
  readonly reported?: boolean;
}

export interface DecisionFields extends Reporter {
  readonly type: 'decision';
  readonly request_id: string;
  readonly parent_request_id?: string;
  readonly agent_id: string;
  readonly instance_id: string;
  readonly policy_result: Result;
  readonly enforced: boolean;
  readonly code: DecisionCode;
  readonly matched_rule?: string;
  readonly matched_rule_kind: MatchedRuleKind;
  /** The layer that decided; absent: the main document, or none. */
  readonly policy_layer?: string;
  /** At most eight names joined by `,`, in file order. */
  readonly shadow_rules?: string;
  readonly uncertain?: boolean;
  readonly policy_mode?: PolicyMode;
  readonly policy_sha256?: string;
  readonly policy_agent?: string;
  readonly method?: string;
  readonly url_scheme?: string;
  readonly url_host?: string;
  readonly url_path?: string;
  readonly url_path_sha256?: string;
  readonly tool?: string;
  readonly session_id?: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id?: string;
  readonly span_name: string;
  readonly decision_ns: number;
}

export interface OutcomeFields extends Reporter {
  readonly type: 'outcome';
  readonly request_id: string;
  readonly result: 'ok' | 'error' | 'aborted' | 'killed' | 'killed_late';
  readonly status_code?: number;
  readonly latency_ms: number;
  readonly request_bytes?: number;
  readonly response_bytes?: number;
  readonly model?: string;
  readonly input_tokens?: number;
  readonly output_tokens?: number;
  readonly cost_microusd?: number;
}

export interface PolicyLoadedFields extends Reporter {
  readonly type: 'policy_loaded';
  readonly policy_sha256: string;
  readonly path: string;
  readonly rules?: number;
  readonly version?: number;
  /** Key IDs joined by `,`. */
  readonly signed_by?: string;
}

export interface PolicyRejectedFields extends Reporter {
  readonly type: 'policy_rejected';
  /** Absent when the bytes could not be read. */
  readonly policy_sha256?: string;
  readonly path: string;
  readonly error: string;
  readonly line?: number;
  readonly column?: number;
}

export interface KillFields extends Reporter {
  readonly type: 'kill_engaged' | 'kill_released';
  /** The path of the switch, or of the entry in its `.d`. */
  readonly source: string;
  /** `all`, or the agent ID. */
  readonly scope: string;
  readonly reason?: string;
  readonly owner_uid?: number;
  /** RFC 3339: mtime of the file. */
  readonly file_time?: string;
  readonly aborted?: number;
  readonly abort_ms?: number;
}

export interface EngineFields extends Reporter {
  readonly type: 'engine_loaded' | 'engine_rejected';
  readonly engine_sha256: string;
  readonly abi?: number;
  readonly error?: string;
}

export interface OperatorActionFields extends Reporter {
  readonly type: 'operator_action';
  readonly action: string;
  readonly by_uid?: number;
  readonly reason?: string;
}

export interface AgentStartedFields extends Reporter {
  readonly type: 'agent_started';
  readonly agent_id: string;
  readonly instance_id: string;
  readonly version: string;
  readonly node: string;
  readonly mode: string;
  readonly pid: number;
}

export interface AgentStoppedFields extends Reporter {
  readonly type: 'agent_stopped';
  readonly agent_id: string;
  readonly instance_id: string;
  readonly reason?: string;
}

export interface ClockJumpedFields extends Reporter {
  readonly type: 'clock_jumped';
  readonly by_ms: number;
}

export interface RecordsDroppedFields extends Reporter {
  readonly type: 'records_dropped';
  /** `telemetry`: events that a sink did not get; no record of the log is missing. Absent: records of the log. */
  readonly sink?: string;
  readonly count: number;
  /** RFC 3339. */
  readonly since: string;
}

/** The disk of the log was full, and its reserve keeps it going; or there is room again. */
export interface DiskReserveFields {
  readonly type: 'disk_reserve';
  readonly state: 'freed' | 'restored';
  readonly bytes: number;
}

/** Before retention deletes a file: the log up to its end. */
export interface SegmentRemovedFields {
  readonly type: 'segment_removed';
  readonly name: string;
  readonly size: number;
  readonly head: string;
}

/** What the agent may ask the log to write. */
export type AgentRecord =
  | DecisionFields
  | OutcomeFields
  | PolicyLoadedFields
  | PolicyRejectedFields
  | KillFields
  | EngineFields
  | OperatorActionFields
  | AgentStartedFields
  | AgentStoppedFields
  | ClockJumpedFields
  | RecordsDroppedFields
  | DiskReserveFields
  | SegmentRemovedFields;

export interface LogStartedFields {
  readonly type: 'log_started';
  readonly alg: 'ed25519';
  /** Padded base64 of 32 bytes. */
  readonly public_key: string;
  readonly key_id: string;
  readonly previous_log?: string;
  /** Key ID of an identity, and its word for the log: endorsement.ts. */
  readonly endorsed_by?: string;
  readonly endorsement?: string;
}

export interface SegmentOpenedFields {
  readonly type: 'segment_opened';
  readonly segment: number;
  readonly reason: 'size' | 'day' | 'signal' | 'inode' | 'truncated' | 'foreign_bytes' | 'recovered';
  readonly size: number;
  readonly frontier: string;
  readonly public_key: string;
  readonly key_id: string;
  readonly nonce: string;
}

export interface RecoveredFields {
  readonly type: 'recovered';
  readonly cause: 'torn' | 'tail_lost' | 'tail_damaged' | 'write_failed' | 'state_rebuilt';
  readonly from?: number;
  readonly to?: number;
  readonly bytes?: number;
  readonly sha256?: string;
}

export interface CheckpointFields {
  readonly type: 'checkpoint';
  readonly size: number;
  readonly head: string;
  readonly root: string;
  readonly key_id: string;
  readonly note: string;
  readonly sig: string;
}

export interface KeyRotatedFields {
  readonly type: 'key_rotated';
  /** Of the new key, like `key_id` and `public_key`. */
  readonly epoch: number;
  readonly key_id: string;
  readonly public_key: string;
  /** Both by the old key: key-rotation.ts, record-signature.ts. */
  readonly signature: string;
  readonly sig: string;
}

export interface SegmentClosedFields {
  readonly type: 'segment_closed';
  readonly size: number;
  readonly head: string;
}

/** What only the log itself writes. */
export type LogRecord =
  | LogStartedFields
  | SegmentOpenedFields
  | RecoveredFields
  | CheckpointFields
  | KeyRotatedFields
  | SegmentClosedFields;

export type RecordFields = AgentRecord | LogRecord;
