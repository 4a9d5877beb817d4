/**
 * The engine's file: read, compared with the pinned digest, compiled once.
 *
 *   in   : a path
 *   out  : a module that makes instances
 *   never: runs bytes that are not the pinned ones, or that import anything
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Fault } from '../core/fault.js';
import { BODY_INSPECT_MAX_BYTES } from '../core/limits.js';
import type { Engine } from './engine.js';
import { isEngineExports } from './exports.js';
import { EngineInstance } from './instance.js';
import { ENGINE_ABI, ENGINE_SHA256 } from './pin.js';

export interface EngineModule {
  /** 64 lower-case hexadecimal characters. */
  readonly sha256: string;
  readonly abi: number;
  /**
   * One program in an instance of its own.
   * @param options.inspectBytes Longest body that is looked into, in bytes.
   * @throws Fault `engine_program_refused`, `engine_integrity`.
   */
  instantiate(program: Uint8Array, options: { readonly inspectBytes: number }): Engine;
}

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
  if (sha256 !== ENGINE_SHA256) throw new Fault('engine_integrity', { path, why: 'its SHA-256 is not the pinned one' });
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(bytes);
  } catch (cause) {
    throw new Fault('engine_integrity', { path, why: 'it does not compile' }, { cause });
  }
  if (WebAssembly.Module.imports(module).length > 0)
    throw new Fault('engine_integrity', { path, why: 'it has imports' });
  return { sha256, abi: ENGINE_ABI, instantiate: (program, options) => instantiate(module, path, program, options) };
}

function instantiate(
  module: WebAssembly.Module,
  path: string,
  program: Uint8Array,
  options: { readonly inspectBytes: number },
): Engine {
  const { inspectBytes } = options;
  if (!Number.isInteger(inspectBytes) || inspectBytes < 0 || inspectBytes > BODY_INSPECT_MAX_BYTES) {
    throw new RangeError(`inspectBytes: want an integer from 0 to ${BODY_INSPECT_MAX_BYTES}`);
  }
  const { exports } = new WebAssembly.Instance(module);
  if (!isEngineExports(exports)) throw new Fault('engine_integrity', { path, why: 'an export is missing' });
  if (exports.abi() !== ENGINE_ABI) throw new Fault('engine_integrity', { path, why: 'its ABI is another' });
  const at = exports.reserve(program.length, inspectBytes) >>> 0;
  if (at === 0) throw new Fault('engine_program_refused', { check: 'memory' });
  new Uint8Array(exports.memory.buffer).set(program, at);
  let check: number;
  try {
    check = exports.load() >>> 0;
  } catch (cause) {
    throw new Fault('engine_program_refused', { check: 'trap' }, { cause });
  }
  if (check !== 0) throw new Fault('engine_program_refused', { check });
  return new EngineInstance(exports, program, inspectBytes);
}
