/**
 * A policy looked at from every side without putting it in force: what `check` and `test` need.
 *
 *   in   : bytes or a path
 *   out  : what is wrong with it, what its own tests came to, what is most likely not meant
 *   never: records, watches, decides about a real call
 */
import type { PolicyMode } from '../core/decide/types.js';
import { Fault } from '../core/fault.js';
import { BODY_INSPECT_DEFAULT_BYTES } from '../core/limits.js';
import { lintPolicy } from '../core/policy/lint/lint.js';
import type { Lint } from '../core/policy/lints.js';
import { policyFormat, readPolicy } from '../core/policy/read.js';
import { type EngineModule, loadEngine } from '../wasm/module.js';
import { compileReading } from './compile.js';
import type { LoadError } from './decider.js';
import { asLoadError, readPolicyBytes } from './offline.js';
import { runTests, type TestOutcome } from './policy-tests.js';

export type Inspected =
  /** It does not even load. */
  | { readonly ok: false; readonly errors: readonly LoadError[] }
  | {
      readonly ok: true;
      readonly rules: number;
      readonly mode: PolicyMode;
      readonly tests: readonly TestOutcome[];
      readonly lints: readonly Lint[];
    };

export interface PolicyInspector {
  /** Absolute path. */
  inspectFile(path: string): Inspected;
  /** What was read, or why it was not; `name` tells the format by its ending. */
  inspectRead(read: ReturnType<typeof readPolicyBytes>, name: string): Inspected;
  /** `name` tells the format by its ending. */
  inspectBytes(bytes: Uint8Array, name: string): Inspected;
}

/** The engine is loaded with the first policy. */
export function policyInspector(inspectBytes = BODY_INSPECT_DEFAULT_BYTES): PolicyInspector {
  let engines: EngineModule | null = null;
  const inspect = (bytes: Uint8Array, name: string): Inspected => {
    const read = readPolicy(bytes, policyFormat(name));
    const compiled = compileReading(read);
    if (!read.ok) return { ok: false, errors: read.issues };
    if (!compiled.ok) return { ok: false, errors: compiled.issues };
    const { summary, program } = compiled;
    try {
      engines ??= loadEngine();
      // The engine has the last word on a program.
      if (compiled.tests.length === 0) engines.instantiate(program, { inspectBytes });
      const tests = runTests(compiled, engines, inspectBytes);
      const lints = lintPolicy(read.policy, new TextDecoder().decode(bytes));
      return { ok: true, rules: summary.ruleNames.length, mode: summary.mode, tests, lints };
    } catch (error) {
      if (error instanceof Fault) return { ok: false, errors: [asLoadError(error)] };
      throw error;
    }
  };
  const inspectRead: PolicyInspector['inspectRead'] = (read, name) =>
    read.ok ? inspect(read.bytes, name) : { ok: false, errors: [asLoadError(read.fault)] };
  return { inspectBytes: inspect, inspectRead, inspectFile: path => inspectRead(readPolicyBytes(path), path) };
}
