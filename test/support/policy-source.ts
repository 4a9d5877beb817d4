/**
 * A policy source over a language of one line a rule: `rule NAME`, the last line `end`; anything else is an issue.
 * A prefix of such a file that lacks `end` is good too, so that a half-written one would go live if it were read.
 */
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import type {
  BuildOutcome,
  PolicyRecord,
  PolicySet,
  PolicySourceOptions,
  WatchedPolicySource,
} from '#src/agent/policy-ports.js';
import { openPolicySource } from '#src/agent/reloader.js';
import type { Generation, LiveDocument } from '#src/agent/types.js';
import { type Sha256Hex, sha256Hex } from '#src/core/brand.js';
import type { Engine } from '#src/wasm/engine.js';

export function hash(bytes: Uint8Array): Sha256Hex {
  const hex = sha256Hex(createHash('sha256').update(bytes).digest('hex'));
  if (hex === null) throw new Error('unreachable');
  return hex;
}

export const sha = (text: string): Sha256Hex => hash(new TextEncoder().encode(text));

const ENGINE: Engine = {
  inspectBytes: 0,
  headerNames: [],
  decide: () => ({ needBody: false, code: 0, ruleIndex: -1, uncertain: false, retryAfterMs: 0, shadowRules: [] }),
  settle() {},
  exportLimits: () => new Uint8Array(),
  importLimits() {},
};

export function build(bytes: Uint8Array, path: string, sha256: Sha256Hex): BuildOutcome {
  const lines = new TextDecoder().decode(bytes).split('\n');
  const badLine = lines.findIndex(line => line !== '' && line !== 'end' && !line.startsWith('rule '));
  if (badLine >= 0) {
    const issue = {
      code: 'unknown_key',
      message: 'no such key',
      line: badLine + 1,
      column: 1,
      suggestion: null,
    } as const;
    return { ok: false, issues: [issue] };
  }
  const ruleNames = lines.filter(line => line.startsWith('rule ')).map(line => line.slice(5));
  const document = {
    path,
    sha256,
    layer: null,
    agentLabel: null,
    mode: 'enforce',
    version: null,
    ruleNames,
    ruleKinds: ruleNames.map(() => 'deny' as const),
    ruleHints: ruleNames.map(() => null),
    engine: ENGINE,
  } as const;
  return { ok: true, generation: { id: sha256, documents: [document] } };
}

/** Builds one document; the bench makes sets of them. */
export type BuildDocument = (
  bytes: Uint8Array,
  path: string,
  sha256: Sha256Hex,
) => Promise<BuildOutcome> | BuildOutcome;

function joined(set: PolicySet, outcomes: readonly BuildOutcome[]): BuildOutcome {
  const documents: LiveDocument[] = [];
  for (const [i, { path, name, isLayer }] of set.documents.entries()) {
    const outcome = outcomes[i];
    if (outcome?.ok !== true) return { path, ...(outcome ?? { ok: false, issues: [] }) };
    documents.push(...outcome.generation.documents.map(d => ({ ...d, layer: isLayer ? name : null })));
  }
  return { ok: true, generation: { id: set.id, documents } };
}

const each = <T>(set: PolicySet, of: (bytes: Uint8Array, path: string, sha256: Sha256Hex) => T): T[] =>
  set.documents.map(({ bytes, path, sha256 }) => of(bytes, path, sha256));

export const buildSet = (set: PolicySet): BuildOutcome => joined(set, each(set, build));

const namesOf = ({ ruleNames }: LiveDocument) => Array.from({ length: ruleNames.length }, (_, i) => ruleNames.at(i));

export interface SourceBench {
  readonly source: WatchedPolicySource;
  readonly records: PolicyRecord[];
  /** The short form of the records: `loaded a,b` or `rejected CODE`. */
  said(): string[];
  rules(): string | null;
}

export function openBench(
  t: TestContext,
  options: Partial<Omit<PolicySourceOptions, 'build'>> & { readonly path: string; readonly build?: BuildDocument },
): SourceBench {
  const records: PolicyRecord[] = [];
  const names = new Map<string, string>();
  const built = (set: PolicySet): Promise<BuildOutcome> | BuildOutcome => {
    const outcomes = each(set, options.build ?? (async (...document) => build(...document)));
    const waits = outcomes.some(outcome => outcome instanceof Promise);
    return waits ? Promise.all(outcomes).then(all => joined(set, all)) : joined(set, outcomes as BuildOutcome[]);
  };
  const all: PolicySourceOptions = {
    stateDir: null,
    hash,
    report: record => void records.push(record),
    adopt() {},
    securityMode: 'strict',
    ...options,
    build: built,
    // The first load waits for nobody.
    buildSync: set => {
      const outcome = built(set);
      return outcome instanceof Promise ? buildSet(set) : outcome;
    },
  };
  const source = openPolicySource(all);
  t.after(() => source.close());
  const rulesOf = (g: Generation | null) => g?.documents.flatMap(namesOf).join(',') ?? null;
  return {
    source,
    records,
    rules: () => rulesOf(source.current),
    said: () =>
      records.map(r => {
        if (r.type === 'operator_action') return `${r.action} ${r.reason} by ${r.by_uid}`;
        if (r.type === 'policy_rejected') return `rejected ${r.error}`;
        if (r.policy_sha256 === source.current?.id) names.set(r.policy_sha256, rulesOf(source.current) ?? '');
        return `loaded ${names.get(r.policy_sha256) ?? r.rules}`;
      }),
  };
}
