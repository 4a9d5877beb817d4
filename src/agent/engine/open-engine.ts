/**
 * The engine at start: the pinned one, or one that trusted keys signed and that is proven first.
 *
 *   in   : the settings
 *   out  : the engine and why it may be run, or a Fault
 *   never: takes another engine than the configured one
 */
import type { Settings } from '../../core/config/settings.js';
import { Fault, type FaultCode } from '../../core/fault.js';
import type { Seen } from '../../core/reload/machine.js';
import { type EngineFiles, lookAtEngine, readEngineFiles } from '../../disk/engine-file.js';
import { groupId } from '../../disk/group-id.js';
import { compileEngine, ENGINE_PATH, type EngineModule, loadEngine } from '../../wasm/module.js';
import { attempt } from '../attempt.js';
import { isMoved } from '../reload-loop.js';
import { admitEngine, type EngineStanding, type EngineTrust, engineDigest } from './admission.js';
import { proveEngineNow } from './prove.js';

export interface StartEngine {
  readonly path: string;
  readonly module: EngineModule;
  readonly standing: EngineStanding;
  /** What stood at `path` before it was read. */
  readonly seen: Seen;
}

/** That say of themselves what is wrong, and what to do. */
const AS_IT_IS: ReadonlySet<FaultCode> = new Set(['engine_integrity', 'version_on_disk_differs']);
/** Where nothing waits for a file to settle, one that moves is read again. */
const READS = 5;

export function enginePath({ engine }: Pick<Settings, 'engine'>): string {
  return engine ?? ENGINE_PATH;
}

export function engineTrust({ trustDir, operatorsGroup }: Settings): EngineTrust {
  const operatorsGid = operatorsGroup === null ? null : groupId(operatorsGroup);
  return { trustDir, rules: { operatorsGid }, wallMs: Date.now };
}

/** @throws Fault `engine_integrity` whatever is wrong with it, why stands in the message; `version_on_disk_differs` */
export function openEngine(settings: Settings): StartEngine {
  const path = enginePath(settings);
  const { seen } = lookAtEngine(path);
  if (settings.engine === null) {
    // Who may write what is compared with a digest does not matter.
    const pinned = attempt(() => loadEngine());
    if (pinned.ok) return { path, module: pinned.value, standing: { from: 'pinned' }, seen };
  }
  try {
    const { inspectBytes } = settings;
    const { bytes, sha256, standing } = judged(settings, null);
    const trial = { path, sha256, bytes, running: null, documents: [], inspectBytes };
    const module = standing.from === 'pinned' ? compileEngine(bytes, sha256, path) : proveEngineNow(trial);
    return { path, module, standing, seen };
  } catch (error) {
    if (!(error instanceof Fault) || AS_IT_IS.has(error.code)) throw error;
    const said = typeof error.facts.why === 'string' ? error.facts.why : error.message;
    const why = error.code === 'engine_untrusted' ? `its SHA-256 is not the pinned one, and ${said}` : said;
    throw new Fault('engine_integrity', { path, why }, { cause: error });
  }
}

/** Reads the file and says why it may be run. @throws Fault as `readEngineFiles` and `admitEngine`. */
export function judged(settings: Settings, live: EngineStanding | null) {
  const path = enginePath(settings);
  const trust = engineTrust(settings);
  const { bytes, envelope } = readStill(path, trust);
  const sha256 = engineDigest(bytes);
  return { path, bytes, sha256, standing: admitEngine({ path, sha256, envelope }, live, trust) };
}

function readStill(path: string, { rules }: EngineTrust): EngineFiles {
  for (let tries = 1; ; tries++) {
    const got = attempt(() => readEngineFiles(path, rules));
    if (got.ok) return got.value;
    if (!isMoved(got.error)) throw got.error;
    if (tries >= READS) throw new Fault('engine_unreadable', { path, why: 'it keeps changing' });
  }
}
