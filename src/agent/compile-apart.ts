/**
 * Compiles a policy in a thread of its own, its tests included, so that no decision waits.
 *
 *   in   : the bytes of a policy file and its path
 *   out  : what `compilePolicy` would have said; the tests have been run and are left behind
 *   never: holds up the thread that asks for more than the copy of the bytes
 */
import type { PolicyIssue } from '../core/policy/issues.js';
import type { EngineModule } from '../wasm/module.js';
import type { Compiled, PolicySummary } from './compile.js';
import { answerOf, ownThread } from './own-thread.js';
import { type PackedRules, unpackRules } from './packed-rules.js';

/** All of a summary that does not grow with the rules. */
export type SummaryHead = Pick<PolicySummary, 'agentLabel' | 'mode' | 'version'>;

/** What the worker gets. */
export interface CompileTask {
  readonly bytes: Uint8Array;
  readonly path: string;
  readonly inspectBytes: number;
  /** The policy's tests run in the engine that it is going to be decided by. */
  readonly engine: Pick<EngineModule, 'compiled' | 'sha256'>;
}

/** What the worker posts. */
export type WorkerAnswer =
  | {
      readonly ok: true;
      readonly program: Uint8Array;
      readonly head: SummaryHead;
      readonly rules: PackedRules;
    }
  | { readonly ok: false; readonly issues: readonly PolicyIssue[] };

export function headOf({ agentLabel, mode, version }: SummaryHead): SummaryHead {
  return { agentLabel, mode, version };
}

/** Rejects when the worker ends without an answer. */
export async function compileApart(
  bytes: Uint8Array,
  path: string,
  inspectBytes: number,
  engines: EngineModule,
): Promise<Compiled> {
  // The bytes have just been hashed in this turn; copying them is for the next.
  await new Promise(resolve => setImmediate(resolve));
  const { compiled, sha256 } = engines;
  const task: CompileTask = { bytes, path, inspectBytes, engine: { compiled, sha256 } };
  const thread = ownThread(new URL('./compile-worker.js', import.meta.url), task);
  const answer = await answerOf<WorkerAnswer>(thread, 'the policy compiler');
  if (!answer.ok) return answer;
  return { ok: true, program: answer.program, summary: { ...answer.head, ...unpackRules(answer.rules) }, tests: [] };
}
