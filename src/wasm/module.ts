/**
 * The engine's file: read, compared with the pinned digest, compiled once.
 *
 *   in   : a path; or bytes, from whoever knows that they may be run
 *   out  : a module that makes instances
 *   never: runs a file whose bytes are not the pinned ones, or anything that imports
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Fault } from '../core/fault.js';
import { BODY_INSPECT_MAX_BYTES, ENGINE_MEMORY_START_MAX_BYTES } from '../core/limits.js';
import type { Engine } from './engine.js';
import { type EngineExports, isEngineExports } from './exports.js';
import { EngineInstance } from './instance.js';
import { ENGINE_ABI, ENGINE_SHA256 } from './pin.js';

export { ENGINE_ABI } from './pin.js';

export interface EngineModule {
  /** 64 lower-case hexadecimal characters. */
  readonly sha256: string;
  readonly abi: number;
  /** As another thread can have it, for {@link compiledEngine}. */
  readonly compiled: WebAssembly.Module;
  /**
   * One program in an instance of its own.
   * @param options.inspectBytes Longest body that is looked into, in bytes.
   * @throws Fault `engine_program_refused`, `engine_integrity`.
   */
  instantiate(program: Uint8Array, options: { readonly inspectBytes: number }): Engine;
  /**
   * The same, a millisecond or two at a time, so that no decision waits for a large program. Its bytes must not change
   * meanwhile.
   */
  instantiateLater(program: Uint8Array, options: { readonly inspectBytes: number }): Promise<Engine>;
}

/** About a millisecond's work each. */
const COPY_AT_ONCE_BYTES = 1024 * 1024;
const ROWS_AT_ONCE = 16_384;
const MORE_ROWS = 102;

export const ENGINE_PATH: string = fileURLToPath(new URL('./engine.wasm', import.meta.url));

/** @throws Fault `engine_integrity` when the file is missing, altered, imports anything or cannot be compiled. */
export function loadEngine(path: string = ENGINE_PATH): EngineModule {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new Fault('engine_integrity', { path, why: 'it cannot be read' }, { cause });
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (!isPinned(sha256)) throw new Fault('engine_integrity', { path, why: 'its SHA-256 is not the pinned one' });
  return compileEngine(bytes, sha256, path);
}

/** Whether these are the bytes that this version was built with. */
export function isPinned(sha256: string): boolean {
  return sha256 === ENGINE_SHA256;
}

/** @throws Fault `engine_integrity`, naming `path`: it does not compile, or imports anything. */
export function compileEngine(bytes: Uint8Array, sha256: string, path: string): EngineModule {
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(bytes);
  } catch (cause) {
    throw new Fault('engine_integrity', { path, why: 'it does not compile' }, { cause });
  }
  if (WebAssembly.Module.imports(module).length > 0)
    throw new Fault('engine_integrity', { path, why: 'it has imports' });
  return compiledEngine(module, sha256, path);
}

/** What was compiled from bytes of this digest, perhaps in another thread. */
export function compiledEngine(module: WebAssembly.Module, sha256: string, path: string): EngineModule {
  return {
    sha256,
    abi: ENGINE_ABI,
    compiled: module,
    instantiate(program, options) {
      const { exports, at } = open(module, path, program, options);
      new Uint8Array(exports.memory.buffer).set(program, at);
      return loaded(exports, program, options);
    },
    async instantiateLater(program, options) {
      const { exports, at } = open(module, path, program, options);
      const room = new Uint8Array(exports.memory.buffer, at, program.length);
      for (let from = 0; from < program.length; from += COPY_AT_ONCE_BYTES) {
        await turn();
        room.set(program.subarray(from, from + COPY_AT_ONCE_BYTES), from);
      }
      do await turn();
      while (refusable(() => exports.check(ROWS_AT_ONCE)) === MORE_ROWS);
      await turn();
      return loaded(exports, program, options);
    },
  };
}

/** Behind whatever else waits for this thread. */
function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

/** A fresh instance with room for the program. */
function open(
  module: WebAssembly.Module,
  path: string,
  program: Uint8Array,
  options: { readonly inspectBytes: number },
): { readonly exports: EngineExports; readonly at: number } {
  const { inspectBytes } = options;
  if (!Number.isInteger(inspectBytes) || inspectBytes < 0 || inspectBytes > BODY_INSPECT_MAX_BYTES) {
    throw new RangeError(`inspectBytes: want an integer from 0 to ${BODY_INSPECT_MAX_BYTES}`);
  }
  const { exports } = new WebAssembly.Instance(module);
  if (!isEngineExports(exports)) throw new Fault('engine_integrity', { path, why: 'an export is missing' });
  const { byteLength } = exports.memory.buffer;
  if (byteLength > ENGINE_MEMORY_START_MAX_BYTES)
    throw new Fault('engine_integrity', { path, why: `it begins with ${byteLength} bytes of memory` });
  if (exports.abi() !== ENGINE_ABI) throw new Fault('engine_integrity', { path, why: 'its ABI is another' });
  const at = exports.reserve(program.length, inspectBytes) >>> 0;
  if (at === 0) throw new Fault('engine_program_refused', { check: 'memory' });
  return { exports, at };
}

/** The program has been copied, and perhaps been checked in part or whole. */
function loaded(exports: EngineExports, program: Uint8Array, options: { readonly inspectBytes: number }): Engine {
  const check = refusable(() => exports.load());
  if (check !== 0) throw new Fault('engine_program_refused', { check });
  return new EngineInstance(exports, program, options.inspectBytes);
}

function refusable(check: () => number): number {
  try {
    return check() >>> 0;
  } catch (cause) {
    throw new Fault('engine_program_refused', { check: 'trap' }, { cause });
  }
}
