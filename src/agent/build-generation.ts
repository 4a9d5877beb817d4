/**
 * From the bytes of a policy file to a generation that can decide.
 *
 *   in   : bytes as read once from the file, its path, their SHA-256
 *   out  : a generation with its own engine instance whose policy passed its own tests, or what is wrong with it
 *   never: touches the generation in force
 */
import { Worker } from 'node:worker_threads';
import type { Sha256Hex } from '../core/brand.js';
import { COMPILE_INLINE_MAX_BYTES, TESTS_INLINE_MAX_COST } from '../core/limits.js';
import { testCost } from '../core/policy/test-case.js';
import type { EngineModule } from '../wasm/module.js';
import { type Compiled, compileObject, compilePolicy } from './compile.js';
import type { BuildOutcome } from './policy-ports.js';
import { tested } from './policy-tests.js';

export class GenerationBuilder {
  constructor(
    private readonly engines: EngineModule,
    private readonly inspectBytes: number,
  ) {}

  /** In this thread; for the first load, which nobody waits behind. */
  buildSync(bytes: Uint8Array, path: string, sha256: Sha256Hex): BuildOutcome {
    return this.#instantiate(this.#tested(compilePolicy(bytes, path)), path, sha256);
  }

  /** A policy given as an object; `text` is its JSON. */
  buildObject(text: string, path: string, sha256: Sha256Hex): BuildOutcome {
    return this.#instantiate(this.#tested(compileObject(text)), path, sha256);
  }

  /** In a worker when the text is large or its tests take long, so that no decision waits. */
  build(bytes: Uint8Array, path: string, sha256: Sha256Hex): Promise<BuildOutcome> | BuildOutcome {
    if (bytes.length <= COMPILE_INLINE_MAX_BYTES) {
      const compiled = compilePolicy(bytes, path);
      if (!compiled.ok || testCost(compiled.tests) <= TESTS_INLINE_MAX_COST) {
        return this.#instantiate(this.#tested(compiled), path, sha256);
      }
    }
    return buildInWorker(bytes, path, this.inspectBytes).then(compiled => this.#instantiate(compiled, path, sha256));
  }

  #tested(compiled: Compiled): Compiled {
    return tested(compiled, this.engines, this.inspectBytes);
  }

  /** `compiled` has passed its own tests; their counters stay with the instance they ran in. */
  #instantiate(compiled: Compiled, path: string, sha256: Sha256Hex): BuildOutcome {
    if (!compiled.ok) return compiled;
    const engine = this.engines.instantiate(compiled.program, { inspectBytes: this.inspectBytes });
    return { ok: true, generation: { id: sha256, documents: [{ path, sha256, ...compiled.summary, engine }] } };
  }
}

function buildInWorker(bytes: Uint8Array, path: string, inspectBytes: number): Promise<Compiled> {
  return new Promise((resolve, reject) => {
    const workerData = { bytes, path, inspectBytes };
    const worker = new Worker(new URL('./compile-worker.js', import.meta.url), { workerData });
    worker.unref();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', code => reject(new Error(`the policy compiler ended with code ${code} and no answer`)));
  });
}
