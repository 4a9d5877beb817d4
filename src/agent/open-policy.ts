import { resolve } from 'node:path';
import type { AgentRecord } from '../core/audit/fields.js';
import type { Sha256Hex } from '../core/brand.js';
import { toHex, utf8 } from '../core/bytes.js';
import type { Settings } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';
import { describeIssue } from '../core/policy/issues.js';
import { sha256 } from '../crypto/sha256.js';
import { groupId } from '../disk/group-id.js';
import { openPolicyArchive } from '../disk/policy-archive.js';
import { hashedSet, policyPlace } from '../disk/policy-set.js';
import type { EngineModule } from '../wasm/module.js';
import { attempt } from './attempt.js';
import { GenerationBuilder } from './build-generation.js';
import { carryCounters } from './carry-counters.js';
import { fixedPolicySource } from './fixed-policy.js';
import type { LimitMemory } from './limit-memory.js';
import { PolicyAdmission } from './policy-admission.js';
import type { Admission, BuildOutcome, PolicySet, WatchedPolicySource } from './policy-ports.js';
import { loadedRecord, openPolicyRecords } from './policy-records.js';
import { openPolicySource } from './reloader.js';
import { VersionStore } from './version-store.js';

/** What records and health say instead of a path. */
const OBJECT_NAME = '(object)';

/** Where nothing has to be signed. */
const ALL_MAY: Admission = { ok: true, facts: [] };

/** What came with the program keeps the engine it began with. */
const UNWATCHED = { inForce: null, rebuild: async () => 'superseded' as const };

/** The engine in force, which may be replaced. */
export interface EngineInForce {
  readonly current: EngineModule;
}

const hash = (bytes: Uint8Array): Sha256Hex => toHex(sha256(bytes)) as Sha256Hex;

/**
 * The policy of the settings: a watched file, or an object that came with the options.
 *
 * @param engines  Whose engine the next generation gets; null where permissive mode runs without one: then no policy is ever in force.
 * @param append  Writes a record or throws.
 * @param limits  Gives the first generation the counters of before a restart; null: there is no memory of them.
 * @param isFirstStart  Nothing says that the agent ran here before, as far as its log tells.
 * @throws Fault `policy_object_invalid`, `policy_object_unsigned`; a bad file is no failure, health tells of it.
 */
export function openPolicy(
  settings: Settings,
  policyObject: string | null,
  engines: EngineInForce | null,
  append: (record: AgentRecord) => void,
  limits: LimitMemory | null,
  isFirstStart: boolean,
): WatchedPolicySource {
  if (engines === null) return { ...fixedPolicySource(null), ...UNWATCHED, lookAgain() {} };
  const builder = () => new GenerationBuilder(engines.current, settings.inspectBytes);
  if (policyObject !== null) {
    if (settings.requireSignature) throw new Fault('policy_object_unsigned');
    return objectPolicy(policyObject, builder(), append);
  }
  const admission = admissionOf(settings, append, isFirstStart);
  const guarded = (set: PolicySet, built: BuildOutcome) => admission?.guarded(set, built) ?? built;
  return openPolicySource({
    path: settings.policy,
    stateDir: settings.stateDir,
    build: set => {
      const built = builder().build(set);
      return built instanceof Promise ? built.then(outcome => guarded(set, outcome)) : guarded(set, built);
    },
    buildSync: set => {
      const built = builder().buildSync(set);
      return admission?.guardedSync(set, built) ?? built;
    },
    admit: set => withLimits(admission?.admit(set) ?? ALL_MAY, limits),
    admittedBy: () => `${admission?.admittedBy() ?? ''} ${limits?.look() ?? ''}`,
    hash,
    report: append,
    adopt(old, next) {
      carryCounters(old, next);
      admission?.goingLive(next);
    },
    securityMode: settings.securityMode,
    operatorsGid: operatorsGid(settings),
    watch: settings.policyWatch,
  });
}

/** What goes live first in this process counts on from where the last one stopped. */
function withLimits(admission: Admission, limits: LimitMemory | null): Admission {
  if (!admission.ok || limits === null) return admission;
  return {
    ...admission,
    confirm(next, live) {
      const refused = admission.confirm?.(next, live) ?? null;
      if (refused === null && live === null) limits.begin(next);
      return refused;
    },
  };
}

/** Null where signatures are not asked for; nothing else turns them off. */
function admissionOf(
  settings: Settings,
  report: (record: AgentRecord) => void,
  isFirstStart: boolean,
): PolicyAdmission | null {
  const { stateDir, trustDir, weakeningGuard, securityMode } = settings;
  const versions = new VersionStore(stateDir);
  // Where signatures are asked for, a memory that is missing later is a loss. Without them there is none to lose.
  const isNew = !settings.requireSignature || (isFirstStart && !versions.hadPolicies());
  if (isNew) attempt(() => versions.begin());
  if (!settings.requireSignature) return null;
  return new PolicyAdmission({
    ...{ trustDir, weakeningGuard, securityMode, versions, report },
    rules: { operatorsGid: operatorsGid(settings) },
    wallMs: Date.now,
    lastGood: () => openPolicyArchive(stateDir, hash).lastGood(policyPlace(resolve(settings.policy)))?.set ?? null,
  });
}

function operatorsGid({ operatorsGroup }: Settings): number | null {
  return operatorsGroup === null ? null : groupId(operatorsGroup);
}

function objectPolicy(
  text: string,
  builder: GenerationBuilder,
  append: (record: AgentRecord) => void,
): WatchedPolicySource {
  const bytes = utf8(text);
  const file = { path: OBJECT_NAME, name: OBJECT_NAME, isLayer: false, bytes, envelope: null };
  const built = builder.buildObject(text, hashedSet([file], hash));
  if (!built.ok) {
    const problems = built.issues.map(issue => describeIssue('policy', issue)).join('\n');
    throw new Fault('policy_object_invalid', { problems });
  }
  const records = openPolicyRecords(append);
  records.write(loadedRecord(built.generation, OBJECT_NAME));
  const fixed = fixedPolicySource(built.generation);
  return { ...fixed, ...UNWATCHED, lookAgain: () => records.retry() };
}
