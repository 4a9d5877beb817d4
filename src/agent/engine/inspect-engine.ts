/**
 * The engine file, looked at without running it: what `status` and `doctor` need.
 *
 *   in   : the settings
 *   out  : its digest and why it may be run, or the Fault that would keep a start from it
 *   never: proves it; that is for who would put it in force
 */
import type { Settings } from '../../core/config/settings.js';
import { loadEngine } from '../../wasm/module.js';
import { attempt } from '../attempt.js';
import type { EngineStanding } from './admission.js';
import { enginePath, judged } from './open-engine.js';

export interface EngineFacts {
  readonly path: string;
  readonly sha256: string;
  readonly standing: EngineStanding;
}

/** @throws Fault those of reading and admitting it */
export function inspectEngine(settings: Settings): EngineFacts {
  const pinned = settings.engine === null ? attempt(() => loadEngine()) : null;
  if (pinned?.ok) return { path: enginePath(settings), sha256: pinned.value.sha256, standing: { from: 'pinned' } };
  const { path, sha256, standing } = judged(settings, null);
  return { path, sha256, standing };
}
