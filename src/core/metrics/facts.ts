/** What a daemon's metrics are made of. Types only; daemon/metrics.ts gathers them, table.ts says what becomes of each. */
import type { AgentRecord, OutcomeFields } from '../audit/fields.js';
import type { DecisionCode } from '../decide/types.js';
import type { DiskForecast } from '../disk/forecast.js';
import type { BucketReading } from './buckets.js';

export interface MetricFacts {
  readonly nowMs: number;
  readonly version: string;
  readonly node: string;
  readonly mode: 'strict' | 'permissive';
  readonly isEnforcing: boolean;
  readonly isStopping: boolean;
  readonly counters: CounterFacts;
  readonly openCalls: number;
  readonly policy: {
    readonly state: 'ok' | 'degraded' | 'missing';
    /** Null: none is in force. */
    readonly sha256: string | null;
  };
  readonly engine: { readonly sha256: string; readonly abi: number; readonly isNewerRefused: boolean } | null;
  readonly kills: number;
  readonly breakGlassExpiresMs: number | null;
  readonly log: {
    readonly state: 'ok' | 'degraded' | 'failing';
    readonly size: number;
    readonly checkpointSize: number;
    /** Records that no checkpoint covers yet. */
    readonly uncovered: number;
    readonly lastCheckpointMs: number | null;
    /** Of the file being written, from 0; null: not known. */
    readonly segment: number | null;
  };
  /** Null: it could not be looked at. */
  readonly disk: DiskForecast | null;
  readonly process: ProcessFacts;
}

/** `observed`: denied, and let through (dry run, permissive, break glass). */
export type Verdict = 'allow' | 'deny' | 'observed';

export interface DecisionCount {
  /** `*`: those past the bound on agents. */
  readonly agent: string;
  readonly code: DecisionCode;
  readonly verdict: Verdict;
  /** True: decided elsewhere and handed in. */
  readonly reported: boolean;
  readonly count: number;
}

export interface OutcomeCount {
  readonly result: OutcomeFields['result'];
  readonly reported: boolean;
  readonly count: number;
}

/** All since the start of an agent. */
export interface CounterFacts {
  readonly decisions: readonly DecisionCount[];
  readonly outcomes: readonly OutcomeCount[];
  /** In the log, by type; those that the log writes of itself are not among them. */
  readonly recordTypes: readonly { readonly type: AgentRecord['type']; readonly count: number }[];
  /** Those of them that were handed in. */
  readonly reported: number;
  /** That could not be written. */
  readonly unwritten: number;
  /** Policies of this agent itself that went live, that were refused. */
  readonly policiesLoaded: number;
  readonly policiesRejected: number;
  /** Milliseconds since 1970 at which the last one went live; null: none has. */
  readonly policyLiveSinceMs: number | null;
  /** Seconds that its own decisions took. */
  readonly decisionSeconds: BucketReading;
}

export interface ProcessFacts {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  /** Null: the system does not say. */
  readonly openFds: number | null;
  readonly maxFds: number | null;
  readonly startedMs: number;
  /** Seconds that the event loop came late to its looks. */
  readonly lagSeconds: BucketReading;
}
