import type { AgentRecord } from '../core/audit/fields.js';
import type { Sha256Hex } from '../core/brand.js';
import { toHex, utf8 } from '../core/bytes.js';
import type { Settings } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';
import { describeIssue } from '../core/policy/issues.js';
import { sha256 } from '../crypto/sha256.js';
import { groupId } from '../disk/group-id.js';
import type { EngineModule } from '../wasm/module.js';
import { GenerationBuilder } from './build-generation.js';
import type { WatchedPolicySource } from './policy-ports.js';
import { loadedRecord, openPolicyRecords } from './policy-records.js';
import { fixedPolicySource, openPolicySourceSync } from './reloader.js';
import type { Generation } from './types.js';

/** What records and health say instead of a path. */
const OBJECT_NAME = '(object)';

const hash = (bytes: Uint8Array): Sha256Hex => toHex(sha256(bytes)) as Sha256Hex;

/**
 * The policy of the settings: a watched file, or an object that came with the options.
 *
 * @param engine  null where permissive mode runs without one: then no policy is ever in force.
 * @param append  Writes a record or throws.
 * @throws Fault `policy_object_invalid`; a bad file is no failure, health tells of it.
 */
export function openPolicy(
  settings: Settings,
  policyObject: string | null,
  engine: EngineModule | null,
  append: (record: AgentRecord) => void,
): WatchedPolicySource {
  if (engine === null) return { ...fixedPolicySource(null), lookAgain() {} };
  const builder = new GenerationBuilder(engine, settings.inspectBytes);
  if (policyObject !== null) return objectPolicy(policyObject, builder, append);
  return openPolicySourceSync({
    path: settings.policy,
    stateDir: settings.stateDir,
    build: (bytes, path, sha) => builder.build(bytes, path, sha),
    buildSync: (bytes, path, sha) => builder.buildSync(bytes, path, sha),
    hash,
    report: append,
    adopt: carryCounters,
    securityMode: settings.securityMode,
    operatorsGid: settings.operatorsGroup === null ? null : groupId(settings.operatorsGroup),
    watch: settings.policyWatch,
  });
}

function objectPolicy(
  text: string,
  builder: GenerationBuilder,
  append: (record: AgentRecord) => void,
): WatchedPolicySource {
  const sha = hash(utf8(text));
  const built = builder.buildObject(text, OBJECT_NAME, sha);
  if (!built.ok) {
    const problems = built.issues.map(issue => describeIssue('policy', issue)).join('\n');
    throw new Fault('policy_object_invalid', { problems });
  }
  const records = openPolicyRecords(append);
  records.write(loadedRecord(sha, built.generation, OBJECT_NAME));
  return { ...fixedPolicySource(built.generation), lookAgain: () => records.retry() };
}

/** Counters follow their rules into the next generation, document by document. */
function carryCounters(old: Generation, next: Generation): void {
  next.documents.forEach((document, i) => {
    const before = old.documents[i];
    if (before !== undefined) document.engine.importLimits(before.engine.exportLimits());
  });
}
