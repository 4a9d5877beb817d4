/** What a daemon's metrics are made of. Types only; daemon/metrics.ts gathers them, table.ts says what becomes of each. */
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

export interface CounterFacts {
  readonly decisions: readonly {
    readonly agent: string;
    readonly code: string;
    readonly verdict: string;
    readonly reported: boolean;
    readonly count: number;
  }[];
  readonly outcomes: readonly { readonly result: string; readonly reported: boolean; readonly count: number }[];
  /** By type, in the log. */
  readonly recordTypes: readonly { readonly type: string; readonly count: number }[];
  readonly reported: number;
  readonly unwritten: number;
  readonly policiesLoaded: number;
  readonly policiesRejected: number;
  readonly policyLiveSinceMs: number | null;
  /** Seconds that decisions made here took. */
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
