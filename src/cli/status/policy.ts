/** The policy as its file has it, for `status`. */
import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { attempt } from '../../agent/attempt.js';
import { policyInspector } from '../../agent/inspect-policy.js';
import { failures } from '../../agent/policy-tests.js';
import type { Sha256Hex } from '../../core/brand.js';
import type { Settings } from '../../core/config/settings.js';
import { Fault } from '../../core/fault.js';
import { sha256Digest } from '../../crypto/sha256.js';
import { openLayerMemory } from '../../disk/layer-memory.js';
import { documentPaths, layerNamesIn, policyPlace } from '../../disk/policy-set.js';

export interface PolicyStatus {
  readonly path: string;
  /** RFC 3339. */
  readonly changed: string | null;
  readonly rules: number | null;
  readonly mode: 'enforce' | 'dry_run' | null;
  readonly layers: readonly string[];
  readonly problem: string | null;
}

/** As the agent would take it: one whose own tests fail, or that lacks a layer, does not go live. */
export function policyOf({ policy: path, inspectBytes, stateDir }: Settings): PolicyStatus {
  const place = policyPlace(resolve(path));
  const inspector = policyInspector(inspectBytes);
  const nothing = { path, changed: null, rules: null, mode: null, layers: layerNamesIn(place) };
  const paths = attempt(() => documentPaths(place));
  if (!paths.ok) return { ...nothing, problem: paths.error instanceof Fault ? paths.error.message : 'does not load' };
  let rules = 0;
  let mode: 'enforce' | 'dry_run' | null = null;
  for (const one of paths.value) {
    const got = inspector.inspectFile(one);
    const errors = got.ok ? failures(got.tests) : got.errors;
    if (!got.ok || errors.length > 0) {
      const [first] = errors;
      const file = one === place.main ? '' : `${basename(one)}: `;
      const at = first?.line == null ? '' : ` at ${first.line}:${first.column}`;
      return { ...nothing, problem: `${file}${first?.message ?? 'does not load'}${at}` };
    }
    rules += got.rules;
    // Denials are enforced where any document enforces them.
    mode = got.mode === 'enforce' ? got.mode : (mode ?? got.mode);
  }
  // Who may not read the state folder is not told of it.
  const known = attempt(() => openLayerMemory(stateDir, place.main, bytes => sha256Digest(bytes) as Sha256Hex).read());
  const missing = known.ok ? known.value.layers.filter(name => !nothing.layers.includes(name)) : [];
  const changed = statSync(path, { throwIfNoEntry: false })?.mtime.toISOString() ?? null;
  const problem = missing.length === 0 ? null : `the layer ${missing[0]} was in force once and is missing`;
  return { ...nothing, changed, rules, mode, problem };
}
