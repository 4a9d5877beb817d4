/** Worker thread: compiles one policy, runs its tests and ends. Its memory, a hundred times the text, goes with it. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadEngine } from '../wasm/module.js';
import { compilePolicy } from './compile.js';
import { tested } from './policy-tests.js';

const { bytes, path, inspectBytes } = workerData as { bytes: Uint8Array; path: string; inspectBytes: number };
const compiled = compilePolicy(bytes, path);
const done = compiled.ok && compiled.tests.length > 0 ? tested(compiled, loadEngine(), inspectBytes) : compiled;
// The tests are done with; only what they came to crosses.
parentPort?.postMessage(done.ok ? { ...done, tests: [] } : done, done.ok ? [done.program.buffer as ArrayBuffer] : []);
