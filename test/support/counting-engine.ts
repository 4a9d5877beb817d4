/**
 * The engine built so that it counts what it reads of a program: words of its tables, and text compared, four bytes a word.
 * Built from the engine's own sources with one line more where every read goes through.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpRequest } from '#src/core/decide/types.js';
import type { Engine } from '#src/wasm/engine.js';
import { isEngineExports } from '#src/wasm/exports.js';
import { EngineInstance } from '#src/wasm/instance.js';
import { compileEngine } from './compile-engine.js';

export interface CountingEngine {
  readonly engine: Engine;
  /** Words read by one decision. */
  wordsRead(request: HttpRequest): number;
}

const INSPECT_BYTES = 65_536;
const WHEN = { wallMs: Date.parse('2026-01-07T12:00:00Z'), monotonicMs: 0 };

export class CountingModule {
  readonly #module: WebAssembly.Module;

  private constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  static async make(): Promise<CountingModule> {
    return new CountingModule(new WebAssembly.Module(await compileEngine({ by: import.meta.url, from: counting })));
  }

  load(program: Uint8Array): CountingEngine {
    const { exports } = new WebAssembly.Instance(this.#module);
    assert.ok(isEngineExports(exports) && 'wordsRead' in exports);
    const at = exports.reserve(program.length, INSPECT_BYTES) >>> 0;
    new Uint8Array(exports.memory.buffer).set(program, at);
    assert.equal(exports.load(), 0);
    const engine = new EngineInstance(exports, program, INSPECT_BYTES);
    const wordsRead = exports.wordsRead as () => number;
    return {
      engine,
      wordsRead: request => {
        wordsRead();
        engine.decide(request, 'default', WHEN);
        return wordsRead();
      },
    };
  }
}

function counting(scratch: string): readonly [string, string] {
  const sources = join(scratch, 'engine');
  cpSync('engine', sources, { recursive: true, filter: from => !from.endsWith('.mjs') });
  const program = join(sources, 'program.ts');
  countIn(program, 'return load<u32>(base + at);', 'reads++;');
  countIn(program, 'return load<u32>(base + (index << 2));', 'reads++;');
  countIn(program, 'return base + at;', 'reads += (n + 3) >> 2;');
  const layout = join(sources, 'body', 'layout.ts');
  countIn(layout, 'return nodes + n * NODE;', 'reads += NODE >> 2;');
  writeFileSync(layout, `import { reads } from '../program';\n${readFileSync(layout, 'utf8')}`);
  writeFileSync(
    program,
    `export let reads: u32 = 0;\nexport function wordsRead(): u32 {\n  const n = reads;\n  reads = 0;\n  return n;\n}\n${readFileSync(program, 'utf8')}`,
  );
  const index = join(sources, 'index.ts');
  writeFileSync(index, `export { wordsRead } from './program';\n${readFileSync(index, 'utf8')}`);
  return [sources, 'index.ts'];
}

/** Puts `count` before `line`, wherever that stands in `path`; it must stand there. */
function countIn(path: string, line: string, count: string): void {
  const text = readFileSync(path, 'utf8');
  assert.ok(text.includes(line), `${path} reads tables elsewhere now; '${line}' is gone`);
  writeFileSync(path, text.replaceAll(line, `${count}\n  ${line}`));
}
