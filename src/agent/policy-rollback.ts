/**
 * An archived policy put back in its place.
 *
 *   in   : the settings, the set to put back
 *   out  : what will be written, or why it would not go live; then the files, each replaced whole
 *   never: touches a file before it is known that a process would take the set; loses what stands there (it is archived)
 *
 * Whether it goes live is for the process that watches; here the same questions are asked first.
 */
import { lstatSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Sha256Hex } from '../core/brand.js';
import { sameBytes } from '../core/bytes.js';
import type { Settings } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';
import { ENVELOPE_SUFFIX } from '../core/policy/layers.js';
import { policyFormat, readPolicy } from '../core/policy/read.js';
import { forgotten } from '../core/trust/version-memory.js';
import { sha256Digest } from '../crypto/sha256.js';
import { trustedSigner } from '../crypto/trusted-signer.js';
import { errorCode } from '../disk/error-code.js';
import { openPolicyArchive } from '../disk/policy-archive.js';
import {
  hashedSet,
  layerNamesIn,
  type PolicyDocument,
  type PolicySet,
  policyPlace,
  readSetSync,
} from '../disk/policy-set.js';
import { putBack } from '../disk/put-back.js';
import { readTrustFolder } from '../disk/trust-folder.js';
import type { WriterRules } from '../disk/who-may-write.js';
import { agentRules } from './agent-rules.js';
import { attempt } from './attempt.js';
import { policyInspector } from './inspect-policy.js';
import { refuseOtherVersion, signedPolicy } from './policy-signature.js';
import { failures } from './policy-tests.js';
import { refuseVersion, VersionStore } from './version-store.js';
import { firstWeakening } from './weakening.js';

export interface RollbackWrite {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface RollbackPlan {
  /** In the order in which they are written: layers before the policy, an envelope before what it signs. */
  readonly writes: readonly RollbackWrite[];
  /** What stands there now; null: nothing that can be read. */
  readonly before: PolicySet | null;
}

export interface RollbackRefusal {
  readonly why: string;
  readonly hint: string;
}

const hash = (bytes: Uint8Array): Sha256Hex => sha256Digest(bytes) as Sha256Hex;

/** @throws Fault those of signatures, versions and the trust folder, as the process would say them */
export function planRollback(settings: Settings, set: PolicySet): RollbackPlan | RollbackRefusal {
  const place = policyPlace(resolve(settings.policy));
  const rules = agentRules(settings);
  const names = new Set(set.documents.filter(({ isLayer }) => isLayer).map(({ name }) => name));
  const more = layerNamesIn(place).find(name => !names.has(name));
  if (more !== undefined) {
    const hint = `\`checkrd layer drop ${more}\` and remove its file, then roll back`;
    return { why: `the layer ${more} is there, and was not part of it`, hint };
  }
  const unsound = unsoundIn(set, settings.inspectBytes);
  if (unsound !== null) return unsound;
  const standing = attempt(() => hashedSet(readSetSync(place, rules).files, hash));
  const before = standing.ok ? standing.value : null;
  if (settings.requireSignature) {
    const refused = refuseUnsigned(settings, set, before, rules);
    if (refused !== null) return refused;
  }
  const writes = [...set.documents]
    .reverse()
    .flatMap(({ path, bytes, envelope }) => [
      ...(envelope === null ? [] : [{ path: path + ENVELOPE_SUFFIX, bytes: envelope }]),
      { path, bytes },
    ]);
  const link = writes.find(({ path }) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true);
  if (link !== undefined) {
    return { why: `${link.path} is a link`, hint: 'whatever put it there (a ConfigMap, a release) has to roll back' };
  }
  const there = new Map(
    before?.documents.flatMap(({ path, bytes, envelope }) => [
      [path, bytes] as const,
      ...(envelope === null ? [] : [[path + ENVELOPE_SUFFIX, envelope] as const]),
    ]),
  );
  return { before, writes: writes.filter(({ path, bytes }) => !sameBytes(there.get(path) ?? NOTHING, bytes)) };
}

const NOTHING = new Uint8Array();

function unsoundIn(set: PolicySet, inspectBytes: number): RollbackRefusal | null {
  const inspector = policyInspector(inspectBytes);
  for (const { bytes, path } of set.documents) {
    const got = inspector.inspectBytes(bytes, path);
    const [first] = got.ok ? failures(got.tests) : got.errors;
    if (first === undefined) continue;
    return { why: `${basename(path)}: ${first.message}`, hint: 'this version of checkrd would not take it' };
  }
  return null;
}

/** What a process that asks for signatures will ask. */
function refuseUnsigned(
  { trustDir, stateDir, weakeningGuard }: Settings,
  set: PolicySet,
  before: PolicySet | null,
  rules: WriterRules,
): RollbackRefusal | null {
  const trust = readTrustFolder(trustDir, rules, trustedSigner);
  const versions = new VersionStore(stateDir, rules.uid);
  const asked = versions.pending();
  // What will be forgotten before anything goes live stands in nobody's way.
  const memory =
    asked === null ? versions.read() : asked.file === null ? new Map() : forgotten(versions.read(), asked.file);
  const unvouched: PolicyDocument[] = [];
  for (const document of set.documents) {
    const { path, name, bytes, sha256 } = document;
    const { statement } = signedPolicy(document, trust, Date.now());
    const read = readPolicy(bytes, policyFormat(path));
    const fault =
      refuseOtherVersion(path, statement, read.ok ? read.policy.version : null) ??
      refuseVersion(memory, path, name, { version: statement.version, sha256 });
    if (fault !== null) throw fault;
    if (!statement.allowWeakening) unvouched.push(document);
  }
  if (!weakeningGuard || before === null) return null;
  const weaker = firstWeakening(
    unvouched.flatMap(({ path, isLayer, bytes, sha256 }) => {
      const old = before.documents.find(one => one.path === path);
      if (old === undefined || old.sha256 === sha256) return [];
      return [{ path, role: isLayer ? 'layer' : 'main', old: old.bytes, next: bytes } as const];
    }),
  );
  if (weaker === null) return null;
  const why = `it may let more pass than what is there: ${weaker.why}`;
  return { why, hint: 'sign it with --allow-weakening, or roll forward' };
}

/** @throws Fault `policy_not_archived`, `output_unwritable`; what was written by then is whole */
export function rollBack({ stateDir }: Settings, { writes, before }: RollbackPlan): void {
  // An edit that never went live is kept like one that did.
  if (before !== null) openPolicyArchive(stateDir, hash).keepSync(before);
  for (const { path, bytes } of writes) {
    try {
      putBack(path, bytes);
    } catch (error) {
      throw new Fault('output_unwritable', { path, why: errorCode(error) }, { cause: error });
    }
  }
}
