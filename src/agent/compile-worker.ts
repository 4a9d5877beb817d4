/** Worker thread: compiles one policy, runs its tests and ends. Its memory, a hundred times the text, goes with it. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadEngine } from '../wasm/module.js';
import { compilePolicy } from './compile.js';
import { headOf, type WorkerAnswer } from './compile-apart.js';
import { arraysOf, packRules } from './packed-rules.js';
import { tested } from './policy-tests.js';

const { bytes, path, inspectBytes } = workerData as { bytes: Uint8Array; path: string; inspectBytes: number };
const compiled = compilePolicy(bytes, path);
const done = compiled.ok && compiled.tests.length > 0 ? tested(compiled, loadEngine(), inspectBytes) : compiled;
const answer: WorkerAnswer = done.ok
  ? { ok: true, program: done.program, head: headOf(done.summary), rules: packRules(done.summary) }
  : done;
const moved = answer.ok ? [answer.program.buffer as ArrayBuffer, ...arraysOf(answer.rules)] : [];
parentPort?.postMessage(answer, moved);
