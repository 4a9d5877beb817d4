/** The engine called with a request that already stands in its memory: what a host pays that writes bytes there itself. */
import { readFileSync } from 'node:fs';
import { AREA, type EngineExports, isEngineExports } from '#src/wasm/exports.js';
import { ENGINE_PATH } from '#src/wasm/module.js';
import type { TaskRequest } from './peers.js';

/** The part of WebAssembly needed here; without the DOM library nothing declares it. */
interface WasmApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
}
const wasm = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;

/** Answers of `program` to each request; the answer's code is its lowest four bits. */
export function inPlace(program: Uint8Array, requests: readonly TaskRequest[]): (i: number) => number {
  const module = new wasm.Module(readFileSync(ENGINE_PATH));
  const asks = requests.map(({ method, url }) => {
    const { exports } = new wasm.Instance(module);
    if (!isEngineExports(exports)) throw new Error('an export is missing');
    load(exports, program);
    exports.agent(put(exports, AREA.agent, 'agent'));
    const methodBytes = put(exports, AREA.method, method);
    const urlBytes = put(exports, AREA.url, url);
    return () => exports.decide(methodBytes, urlBytes, 0, 0, 0, 1_767_780_000_000, 1_000, 0, 0);
  });
  return i => (asks[i % asks.length] as () => number)();
}

function load(exports: EngineExports, program: Uint8Array): void {
  const at = exports.reserve(program.length, 0) >>> 0;
  new Uint8Array(exports.memory.buffer).set(program, at);
  const check = exports.load();
  if (check !== 0) throw new Error(`the program was refused: ${check}`);
}

function put(exports: EngineExports, area: number, text: string): number {
  const bytes = new TextEncoder().encode(text);
  new Uint8Array(exports.memory.buffer).set(bytes, exports.area(area));
  return bytes.length;
}
