/**
 * From the bytes of a policy file to a generation that can decide.
 *
 *   in   : bytes as read once from the file, its path, their SHA-256
 *   out  : a generation with its own engine instance whose policy passed its own tests, or what is wrong with it
 *   never: touches the generation in force
 */
import type { Sha256Hex } from '../core/brand.js';
import { COMPILE_INLINE_MAX_BYTES, TESTS_INLINE_MAX_COST } from '../core/limits.js';
import { testCost } from '../core/policy/test-case.js';
import type { Engine } from '../wasm/engine.js';
import type { EngineModule } from '../wasm/module.js';
import { type Compiled, compileObject, compilePolicy } from './compile.js';
import { compileApart } from './compile-apart.js';
import type { BuildOutcome } from './policy-ports.js';
import { tested } from './policy-tests.js';

type Sound = Extract<Compiled, { ok: true }>;

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
    return this.#buildApart(bytes, path, sha256);
  }

  async #buildApart(bytes: Uint8Array, path: string, sha256: Sha256Hex): Promise<BuildOutcome> {
    const { inspectBytes } = this;
    const compiled = await compileApart(bytes, path, inspectBytes);
    if (!compiled.ok) return compiled;
    return generation(compiled, await this.engines.instantiateLater(compiled.program, { inspectBytes }), path, sha256);
  }

  #tested(compiled: Compiled): Compiled {
    return tested(compiled, this.engines, this.inspectBytes);
  }

  /** `compiled` has passed its own tests; their counters stay with the instance they ran in. */
  #instantiate(compiled: Compiled, path: string, sha256: Sha256Hex): BuildOutcome {
    if (!compiled.ok) return compiled;
    const { inspectBytes } = this;
    return generation(compiled, this.engines.instantiate(compiled.program, { inspectBytes }), path, sha256);
  }
}

function generation({ summary }: Sound, engine: Engine, path: string, sha256: Sha256Hex): BuildOutcome {
  return { ok: true, generation: { id: sha256, documents: [{ path, sha256, ...summary, engine }] } };
}
