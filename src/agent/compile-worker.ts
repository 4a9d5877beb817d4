/** Worker thread: compiles one policy and ends. Its memory, a hundred times the text, goes with it. */
import { parentPort, workerData } from 'node:worker_threads';
import { compilePolicy } from './compile.js';

const { bytes, path } = workerData as { bytes: Uint8Array; path: string };
const compiled = compilePolicy(bytes, path);
parentPort?.postMessage(compiled, compiled.ok ? [compiled.program.buffer as ArrayBuffer] : []);
