/**
 * From the bytes of a policy file to a generation that can decide.
 *
 *   in   : bytes as read once from the file, its path, their SHA-256
 *   out  : a generation with its own engine instance, or what is wrong with the policy
 *   never: touches the generation in force
 */
import { Worker } from 'node:worker_threads';
import type { Sha256Hex } from '../core/brand.js';
import { COMPILE_INLINE_MAX_BYTES } from '../core/limits.js';
import type { EngineModule } from '../wasm/module.js';
import { type Compiled, compileObject, compilePolicy } from './compile.js';
import type { BuildOutcome } from './policy-ports.js';

export class GenerationBuilder {
  constructor(
    private readonly engines: EngineModule,
    private readonly inspectBytes: number,
  ) {}

  /** In this thread; for the first load, which nobody waits behind. */
  buildSync(bytes: Uint8Array, path: string, sha256: Sha256Hex): BuildOutcome {
    return this.#instantiate(compilePolicy(bytes, path), path, sha256);
  }

  /** A policy given as an object; `text` is its JSON. */
  buildObject(text: string, path: string, sha256: Sha256Hex): BuildOutcome {
    return this.#instantiate(compileObject(text), path, sha256);
  }

  /** In a worker when the text is large, so that no decision waits. */
  build(bytes: Uint8Array, path: string, sha256: Sha256Hex): Promise<BuildOutcome> | BuildOutcome {
    if (bytes.length <= COMPILE_INLINE_MAX_BYTES) return this.buildSync(bytes, path, sha256);
    return compileInWorker(bytes, path).then(compiled => this.#instantiate(compiled, path, sha256));
  }

  #instantiate(compiled: Compiled, path: string, sha256: Sha256Hex): BuildOutcome {
    if (!compiled.ok) return compiled;
    const engine = this.engines.instantiate(compiled.program, { inspectBytes: this.inspectBytes });
    return { ok: true, generation: { id: sha256, documents: [{ path, sha256, ...compiled.summary, engine }] } };
  }
}

function compileInWorker(bytes: Uint8Array, path: string): Promise<Compiled> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./compile-worker.js', import.meta.url), { workerData: { bytes, path } });
    worker.unref();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', code => reject(new Error(`the policy compiler ended with code ${code} and no answer`)));
  });
}
