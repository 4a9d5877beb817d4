/**
 * What `status` says of the engine.
 *
 *   in   : the settings, and what a daemon said of itself
 *   out  : the digest of the engine that decides, where it came from, and what is wrong
 *   never: runs an engine file
 */

import { inspectEngine } from '../../agent/engine/inspect-engine.js';
import { enginePath } from '../../agent/engine/open-engine.js';
import type { Settings } from '../../core/config/settings.js';
import { Fault } from '../../core/fault.js';
import { ENGINE_PATH } from '../../wasm/module.js';

export interface EngineStatus {
  readonly path: string;
  /** Of the one in force, where a daemon runs; else of the file. Null: it cannot be read. */
  readonly sha256: string | null;
  readonly from: 'pinned' | 'signed' | null;
  readonly signed_by: readonly string[];
  readonly problem: string | null;
}

/** @param answered  The body of a daemon's `/healthz`; null: none runs. */
export function engineStatus(settings: Settings, answered: Readonly<Record<string, unknown>> | null): EngineStatus {
  const path = enginePath(settings);
  const live = answered?.engine as Partial<EngineStatus & { issue: { message: string } | null }> | null | undefined;
  if (live != null) {
    const { sha256 = null, from = null, signed_by: signedBy = [], issue } = live;
    return { path: live.path ?? path, sha256, from, signed_by: signedBy, problem: issue?.message ?? null };
  }
  try {
    const { sha256, standing } = inspectEngine(settings);
    const signedBy = standing.from === 'signed' ? standing.keyIds : [];
    return { path, sha256, from: standing.from, signed_by: signedBy, problem: null };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { path, sha256: null, from: null, signed_by: [], problem: error.message };
  }
}

export function engineText({ path, sha256, from, signed_by: signedBy, problem }: EngineStatus): string {
  if (sha256 === null) return `${path}: none that may be run`;
  const why = from === 'signed' ? `signed by ${signedBy.join(', ')}` : 'as pinned';
  const where = path === ENGINE_PATH ? '' : ` (${path})`;
  return `${sha256}, ${why}${where}${problem === null ? '' : '; another was refused'}`;
}
