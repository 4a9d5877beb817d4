/**
 * A policy that decides without network, switch or log: what `decide` needs of the agent. Types only.
 */
import type { BatchRequest } from '../core/decide/batch-line.js';
import type { Decision } from '../core/decide/types.js';

/** One loaded policy with its own counters. */
export interface Decider {
  /**
   * @param wallMs  Milliseconds since 1970; the caller never lets it run backwards.
   * @param killed  As if the kill switch were engaged.
   * @param monotonicMs  The clock of the limits; absent: `wallMs`.
   */
  decide(request: BatchRequest, agent: string, wallMs: number, killed: boolean, monotonicMs?: number): Decision;
}

export interface LoadError {
  readonly code: string;
  readonly message: string;
  /** 1-based; null where the policy came as an object. */
  readonly line: number | null;
  readonly column: number | null;
  readonly suggestion: string | null;
  /** The file it is about, where that is not the one asked for. */
  readonly path?: string;
}

export type Loaded =
  | { readonly ok: true; readonly decider: Decider; readonly rules: number; readonly mode: 'enforce' | 'dry_run' }
  | { readonly ok: false; readonly errors: readonly LoadError[] };

export interface PolicyLoader {
  /** `jsonText`: source text of one JSON value. */
  loadObject(jsonText: string): Loaded;
  /** Absolute path; the ending tells YAML from JSON. */
  loadFile(path: string): Loaded;
}

export interface LayeredLoader extends PolicyLoader {
  /** As `loadFile`, with the layers in `policy.d` beside it. */
  loadLayered(path: string): Loaded;
}
