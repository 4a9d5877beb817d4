/**
 * Runs the policy's own tests (the language, section 9) through the real engine.
 *
 *   in   : a compiled policy
 *   out  : what each test came to; as issues, those that failed
 *   never: touches counters that anybody else uses, reads a clock
 */
import type { Sha256Hex } from '../core/brand.js';
import type { Decision } from '../core/decide/types.js';
import { ISSUES_MAX, quoted } from '../core/policy/issue-list.js';
import type { PolicyIssue } from '../core/policy/issues.js';
import type { Expectation, PolicyTest } from '../core/policy/test-case.js';
import type { EngineModule } from '../wasm/module.js';
import type { Compiled } from './compile.js';
import { deciderOf } from './offline.js';

export interface TestOutcome {
  readonly test: PolicyTest;
  readonly passed: boolean;
  /** The decision about the last repeat. */
  readonly got: Decision;
}

type Sound = Extract<Compiled, { ok: true }>;

const UNNAMED = '0'.repeat(64) as Sha256Hex;
/**
 * How far the clock of the limits is put forward from one test to the next: past the longest window every counter is
 * forgotten, so that one instance serves all tests and each begins with empty ones.
 */
const FORGOTTEN_MS = 172_800_000;

/** What every test comes to, in file order. */
export function runTests(compiled: Sound, engines: EngineModule, inspectBytes: number): readonly TestOutcome[] {
  const { program, summary, tests } = compiled;
  if (tests.length === 0) return [];
  const engine = engines.instantiate(program, { inspectBytes });
  const decider = deciderOf(
    { id: UNNAMED, documents: [{ path: '', sha256: UNNAMED, layer: null, ...summary, engine }] },
    inspectBytes,
  );
  return tests.map((test, i) => {
    const { expect, repeat, wallMs } = test;
    const ask = () => decider.decide(test.request, test.agent ?? 'default', wallMs, false, i * FORGOTTEN_MS);
    for (let n = 1; n < repeat; n++) ask();
    const got = ask();
    return { test, passed: fits(expect, got), got };
  });
}

/** The same policy, or, where tests fail, what is wrong with it. */
export function tested(compiled: Compiled, engines: EngineModule, inspectBytes: number): Compiled {
  if (!compiled.ok || compiled.tests.length === 0) return compiled;
  const issues = failures(runTests(compiled, engines, inspectBytes));
  return issues.length === 0 ? compiled : { ok: false, issues };
}

/** One issue for each test that failed, in file order. */
export function failures(outcomes: readonly TestOutcome[]): readonly PolicyIssue[] {
  return outcomes
    .filter(outcome => !outcome.passed)
    .slice(0, ISSUES_MAX)
    .map(({ test, got }) => ({
      code: 'test_failed',
      message: `the test ${quoted(test.name)} expected ${expected(test.expect)} and got ${came(got)}: ${got.reason}`,
      line: test.at?.line ?? null,
      column: test.at?.column ?? null,
      suggestion: 'mend the rules or the test; `checkrd test` runs all of them',
    }));
}

/** `deny rule_denied by 'name'`, as far as it is asked for. */
export function expected({ result, code, rule }: Expectation): string {
  return [result, ...(code === null ? [] : [code]), ...(rule === null ? [] : [`by ${quoted(rule)}`])].join(' ');
}

export function came({ result, code, matchedRule }: Decision): string {
  return `${result} ${code}${matchedRule === null ? '' : ` by ${quoted(matchedRule)}`}`;
}

function fits({ result, code, rule }: Expectation, got: Decision): boolean {
  return got.result === result && (code === null || got.code === code) && (rule === null || got.matchedRule === rule);
}
