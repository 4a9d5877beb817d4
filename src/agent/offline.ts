/**
 * Policies that decide without network, switch or log: the engine and its order of a decision, nothing else.
 *
 *   valid? → kill switch (as the caller says) → policy → limits
 *
 *   in   : policy text or a path, requests with their time
 *   out  : decisions as the agent would make them
 *   never: records, watches, looks at a switch, reads a clock
 */

import { toDecision } from '../core/decide/answer.js';
import type { BatchRequest } from '../core/decide/batch-line.js';
import { checkRequest } from '../core/decide/request.js';
import type { Body, Decision } from '../core/decide/types.js';
import { Fault } from '../core/fault.js';
import { BODY_INSPECT_DEFAULT_BYTES, POLICY_JSON_MAX_BYTES } from '../core/limits.js';
import { compileProgram } from '../core/policy/compile.js';
import type { PolicyIssue } from '../core/policy/issues.js';
import { type PolicyReading, policyFormat, readPolicy, readPolicyObject } from '../core/policy/read.js';
import { readWhole } from '../disk/read-whole.js';
import type { Engine } from '../wasm/engine.js';
import { type EngineModule, loadEngine } from '../wasm/module.js';
import type { Loaded, PolicyLoader } from './decider.js';

const NO_BODY: Body = { kind: 'none' };
const TOO_LARGE: Body = { kind: 'too_large' };

/** The engine is loaded with the first policy; one that is not the pinned one is that load's error. */
export function policyLoader(inspectBytes = BODY_INSPECT_DEFAULT_BYTES): PolicyLoader {
  let engines: EngineModule | null = null;
  const begin = (reading: PolicyReading): Loaded => {
    if (!reading.ok) return refused(reading.issues);
    const { policy } = reading;
    const compiled = compileProgram(policy);
    if (!compiled.ok) return refused(compiled.issues);
    let engine: Engine;
    try {
      engines ??= loadEngine();
      engine = engines.instantiate(compiled.program, { inspectBytes });
    } catch (error) {
      if (error instanceof Fault) return failed(error);
      throw error;
    }
    const rules = {
      ruleNames: policy.rules.map(rule => rule.name),
      ruleKinds: policy.rules.map(rule => rule.effect.kind),
    };
    const how = { mode: policy.mode, forceDryRun: false };
    return {
      ok: true,
      rules: policy.rules.length,
      mode: policy.mode,
      decider: {
        decide: (request, agent, wallMs, killed) => {
          const asked = prepare(request, inspectBytes, killed);
          if ('code' in asked) return asked;
          return toDecision(engine.decide(asked, agent, { wallMs, monotonicMs: wallMs }), rules, how);
        },
      },
    };
  };
  return {
    loadObject: jsonText => begin(readPolicyObject(jsonText)),
    loadFile: path => {
      const file = readWhole(path, POLICY_JSON_MAX_BYTES);
      if (file.ok) return begin(readPolicy(file.bytes, policyFormat(path)));
      return failed(unreadable(path, file.why, file.error));
    },
  };
}

/** The request for the engine, or the decision that comes before it. */
function prepare(request: BatchRequest, inspectBytes: number, killed: boolean) {
  const { method, headers, body } = request;
  const checked = checkRequest(method, request.url, headers);
  if (!checked.ok) return denied('request_invalid', 'system', checked.reason);
  if (killed) return denied('kill_switch', 'kill_switch', 'the kill switch is engaged');
  return { method, url: checked.url, headers, body: bodyOf(body, inspectBytes) };
}

function denied(
  code: 'request_invalid' | 'kill_switch',
  matchedRuleKind: 'system' | 'kill_switch',
  reason: string,
): Decision {
  return { result: 'deny', enforced: true, code, matchedRule: null, matchedRuleKind, reason, uncertain: false };
}

function bodyOf(text: string | null, inspectBytes: number): Body {
  if (text === null || text === '') return NO_BODY;
  if (text.length > inspectBytes) return TOO_LARGE;
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length > inspectBytes ? TOO_LARGE : { kind: 'bytes', bytes };
}

function refused(issues: readonly PolicyIssue[]): Loaded {
  return { ok: false, errors: issues };
}

function failed({ code, message, hint }: Fault): Loaded {
  return { ok: false, errors: [{ code, message, line: null, column: null, suggestion: hint }] };
}

function unreadable(path: string, why: 'not_regular' | 'too_large' | 'system', error: string): Fault {
  if (why === 'too_large')
    return new Fault('policy_too_large', { path, got: 'too many', limit: POLICY_JSON_MAX_BYTES });
  if (why === 'not_regular')
    return new Fault('policy_not_regular', { path, got: error === 'EISDIR' ? 'a directory' : 'a special file' });
  return error === 'ENOENT' ? new Fault('policy_missing', { path }) : new Fault('policy_unreadable', { path, error });
}
