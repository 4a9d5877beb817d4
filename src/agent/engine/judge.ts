/**
 * Proves a new engine before it may decide: in a thread of its own, where one that hangs or traps harms nobody.
 *
 *   in   : its bytes, the engine in force, the policy in force
 *   out  : the compiled engine; or the Fault that keeps it from deciding
 *   never: takes part of a proof for all of it
 */
import { Fault } from '../../core/fault.js';
import { compiledEngine, compileEngine, type EngineModule } from '../../wasm/module.js';
import { compilePolicy } from '../compile.js';
import { runTests } from '../policy-tests.js';
import { differenceFrom, readCorpus } from './corpus.js';

export interface Trial {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
  /** Whose counters it would take over; null: nobody's. */
  readonly running: Pick<EngineModule, 'compiled' | 'sha256'> | null;
  /** The documents of the policy in force; none: no policy is. */
  readonly documents: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  readonly inspectBytes: number;
}

/**
 * @param alive  Called again and again while all goes well.
 * @throws Fault `engine_integrity`, `engine_unproven`
 */
export function judgeEngine(trial: Trial, alive: () => void): EngineModule {
  const { path, sha256, running } = trial;
  const engines = compileEngine(trial.bytes, sha256, path);
  try {
    const old = running === null ? null : compiledEngine(running.compiled, running.sha256, path);
    const why = differenceFrom(readCorpus(), engines, old, alive) ?? wrongOnPolicy(trial, engines, alive);
    if (why !== null) throw new Fault('engine_unproven', { path, why });
  } catch (error) {
    if (error instanceof Fault && (error.code === 'engine_integrity' || error.code === 'engine_unproven')) throw error;
    const why = error instanceof Fault ? error.message : error instanceof Error ? error.name : 'unknown';
    throw new Fault('engine_unproven', { path, why: `it failed (${why})` }, { cause: error });
  }
  return engines;
}

/** Every document must load, and its own tests must come out as they say. */
function wrongOnPolicy({ documents, inspectBytes }: Trial, engines: EngineModule, alive: () => void): string | null {
  for (const { path, bytes } of documents) {
    alive();
    const compiled = compilePolicy(bytes, path);
    if (!compiled.ok) return `the policy in force, \`${path}\`, does not compile for it`;
    alive();
    engines.instantiate(compiled.program, { inspectBytes });
    const failed = runTests(compiled, engines, inspectBytes).filter(outcome => !outcome.passed).length;
    if (failed > 0) return `${failed} of the tests in \`${path}\` fail`;
  }
  return null;
}
