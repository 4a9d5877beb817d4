/**
 * From the bytes of a policy's files to a generation that can decide.
 *
 *   in   : a set of documents as read once, with their SHA-256
 *   out  : a generation in which each document has an engine of its own and passed its own tests, or what is wrong with one
 *   never: touches the generation in force, gives half a generation
 */
import { fromUtf8 } from '../core/bytes.js';
import { COMPILE_INLINE_MAX_BYTES, REGEX_INLINE_MAX_COST, TESTS_INLINE_MAX_COST } from '../core/limits.js';
import { regexCost } from '../core/policy/regex/cost.js';
import { testCost } from '../core/policy/test-case.js';
import type { Engine } from '../wasm/engine.js';
import type { EngineModule } from '../wasm/module.js';
import { type Compiled, compileObject, compilePolicy } from './compile.js';
import { compileApart } from './compile-apart.js';
import type { BuildOutcome, PolicyDocument, PolicySet } from './policy-ports.js';
import { tested } from './policy-tests.js';
import type { LiveDocument } from './types.js';

type DocumentOutcome = { readonly ok: true; readonly document: LiveDocument } | Extract<BuildOutcome, { ok: false }>;

type Sound = Extract<Compiled, { ok: true }>;

export class GenerationBuilder {
  constructor(
    private readonly engines: EngineModule,
    private readonly inspectBytes: number,
  ) {}

  /** In this thread; for the first load, which nobody waits behind. */
  buildSync(set: PolicySet): BuildOutcome {
    return assemble(set, document =>
      this.#instantiate(this.#tested(compilePolicy(document.bytes, document.path)), document),
    );
  }

  /** A policy given as an object; `text` is its JSON. */
  buildObject(text: string, set: PolicySet): BuildOutcome {
    return assemble(set, document => this.#instantiate(this.#tested(compileObject(text)), document));
  }

  /** In a worker when the text is large or its tests take long, so that no decision waits. */
  build(set: PolicySet): Promise<BuildOutcome> | BuildOutcome {
    const outcomes: DocumentOutcome[] = [];
    let inlineBytes = 0;
    for (const [i, document] of set.documents.entries()) {
      inlineBytes += document.bytes.length;
      const outcome = inlineBytes <= COMPILE_INLINE_MAX_BYTES ? this.#buildInline(document) : null;
      if (outcome === null) return this.#buildRest(set, outcomes, i);
      if (!outcome.ok) return outcome;
      outcomes.push(outcome);
    }
    return assemble(set, (_, i) => outcomes[i]);
  }

  /** One worker after the other: each needs a hundred times the memory of its text. */
  async #buildRest(set: PolicySet, done: readonly DocumentOutcome[], from: number): Promise<BuildOutcome> {
    const outcomes = [...done];
    for (const document of set.documents.slice(from)) {
      const outcome = await this.#buildApart(document);
      if (!outcome.ok) return outcome;
      outcomes.push(outcome);
    }
    return assemble(set, (_, i) => outcomes[i]);
  }

  /** Null: its regular expressions or its tests take too long for this thread. */
  #buildInline(document: PolicyDocument): DocumentOutcome | null {
    // What is not UTF-8 has no cost: it is refused before a pattern is read.
    if (regexCost(fromUtf8(document.bytes) ?? '') > REGEX_INLINE_MAX_COST) return null;
    const compiled = compilePolicy(document.bytes, document.path);
    if (compiled.ok && testCost(compiled.tests) > TESTS_INLINE_MAX_COST) return null;
    return this.#instantiate(this.#tested(compiled), document);
  }

  async #buildApart(document: PolicyDocument): Promise<DocumentOutcome> {
    const { inspectBytes } = this;
    const compiled = await compileApart(document.bytes, document.path, inspectBytes, this.engines);
    if (!compiled.ok) return { ...compiled, path: document.path };
    return live(compiled, document, await this.engines.instantiateLater(compiled.program, { inspectBytes }));
  }

  #tested(compiled: Compiled): Compiled {
    return tested(compiled, this.engines, this.inspectBytes);
  }

  /** `compiled` has passed its own tests; their counters stay with the instance they ran in. */
  #instantiate(compiled: Compiled, document: PolicyDocument): DocumentOutcome {
    if (!compiled.ok) return { ...compiled, path: document.path };
    const { inspectBytes } = this;
    return live(compiled, document, this.engines.instantiate(compiled.program, { inspectBytes }));
  }
}

function live({ summary }: Sound, { path, sha256, name, isLayer }: PolicyDocument, engine: Engine): DocumentOutcome {
  return { ok: true, document: { path, sha256, layer: isLayer ? name : null, ...summary, engine } };
}

/** All documents, or the first that is not good. */
function assemble(
  { id, documents }: PolicySet,
  outcomeOf: (document: PolicyDocument, index: number) => DocumentOutcome | undefined,
): BuildOutcome {
  const built: LiveDocument[] = [];
  for (const [i, document] of documents.entries()) {
    const outcome = outcomeOf(document, i);
    if (outcome === undefined) throw new Error('a document was not built');
    if (!outcome.ok) return outcome;
    built.push(outcome.document);
  }
  return { ok: true, generation: { id, documents: built } };
}
