/** Worker thread: compiles one policy, runs its tests and ends. Its memory, a hundred times the text, goes with it. */
import { parentPort } from 'node:worker_threads';
import { compiledEngine } from '../wasm/module.js';
import { compilePolicy } from './compile.js';
import { type CompileTask, headOf, type WorkerAnswer } from './compile-apart.js';
import { arraysOf, packRules } from './packed-rules.js';
import { tested } from './policy-tests.js';
import { given, refuseOtherVersion } from './thread-given.js';

refuseOtherVersion();
const { bytes, path, inspectBytes, engine } = given<CompileTask>();
const compiled = compilePolicy(bytes, path);
const engines = () => compiledEngine(engine.compiled, engine.sha256, path);
const done = compiled.ok && compiled.tests.length > 0 ? tested(compiled, engines(), inspectBytes) : compiled;
const answer: WorkerAnswer = done.ok
  ? { ok: true, program: done.program, head: headOf(done.summary), rules: packRules(done.summary) }
  : done;
const moved = answer.ok ? [answer.program.buffer as ArrayBuffer, ...arraysOf(answer.rules)] : [];
parentPort?.postMessage(answer, moved);
