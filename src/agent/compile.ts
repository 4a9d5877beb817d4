/**
 * Policy bytes to program bytes, in this thread. The worker runs the same function on larger files.
 */
import type { RuleNames } from '../core/decide/answer.js';
import type { PolicyMode } from '../core/decide/types.js';
import type { CheckedPolicy } from '../core/policy/checked.js';
import { compileProgram } from '../core/policy/compile.js';
import type { PolicyIssue } from '../core/policy/issues.js';
import { type PolicyReading, policyFormat, readPolicy, readPolicyObject } from '../core/policy/read.js';
import type { PolicyTest } from '../core/policy/test-case.js';
import { knowsZone } from '../wasm/zones.js';

/** What the host keeps of a policy beside its program. */
export interface PolicySummary extends RuleNames {
  readonly agentLabel: string | null;
  readonly mode: PolicyMode;
  readonly version: number | null;
}

export type Compiled =
  | {
      readonly ok: true;
      readonly program: Uint8Array;
      readonly summary: PolicySummary;
      /** Not run yet. */
      readonly tests: readonly PolicyTest[];
    }
  | { readonly ok: false; readonly issues: readonly PolicyIssue[] };

/** `path` tells the format by its ending; it is not opened. */
export function compilePolicy(bytes: Uint8Array, path: string): Compiled {
  return compileReading(readPolicy(bytes, policyFormat(path)));
}

/** A policy that came as an object: `text` is its JSON, numbers as they were written. */
export function compileObject(text: string): Compiled {
  return compileReading(readPolicyObject(text));
}

/** A policy that has been read. */
export function compileReading(read: PolicyReading): Compiled {
  return read.ok ? compileChecked(read.policy) : read;
}

/** A policy that has been read already, or was made from one. */
export function compileChecked(policy: CheckedPolicy): Compiled {
  const missing = missingZones(policy, knowsZone);
  if (missing.length > 0) return { ok: false, issues: missing };
  const compiled = compileProgram(policy);
  if (!compiled.ok) return compiled;
  return {
    ok: true,
    program: compiled.program,
    tests: policy.tests,
    summary: {
      agentLabel: policy.agentLabel,
      mode: policy.mode,
      version: policy.version,
      ruleNames: policy.rules.map(rule => rule.name),
      ruleKinds: policy.rules.map(rule => rule.effect.kind),
      ruleHints: policy.rules.map(rule => rule.hint),
    },
  };
}

/** An issue for each zone that the language has and this Node has not. */
export function missingZones(policy: CheckedPolicy, known: (name: string) => boolean): readonly PolicyIssue[] {
  const issues = new Map<string, PolicyIssue>();
  for (const { matcher } of policy.rules) {
    const zone = matcher.time?.zone;
    if (zone?.kind !== 'named' || issues.has(zone.name) || known(zone.name)) continue;
    issues.set(zone.name, {
      code: 'time_zone_missing',
      message: `the zone data of this Node.js does not have \`${zone.name}\``,
      line: zone.at?.line ?? null,
      column: zone.at?.column ?? null,
      suggestion: 'use a newer Node.js, an older name of the zone, or an offset such as "+01:00"',
    });
  }
  return [...issues.values()];
}
