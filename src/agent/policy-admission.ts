/**
 * What may go live where signatures are required.
 *
 *   in   : sets of documents as read; the trust folder; the memory of versions; the clock
 *   out  : admission or a Fault, before parsing (signatures, expiry, versions) and after it (the document's own version,
 *          whether it weakens); versions are remembered just before they are in force
 *   never: admits because a key, an envelope or the memory is not there
 */
import { Fault } from '../core/fault.js';
import { rfc3339Ms } from '../core/time/rfc3339.js';
import type { VersionMemory } from '../core/trust/version-memory.js';
import { trustedSigner } from '../crypto/trusted-signer.js';
import { lookAtTrustFolder, readTrustFolder } from '../disk/trust-folder.js';
import type { WriterRules } from '../disk/who-may-write.js';
import type { Admission, BuildOutcome, PolicyDocument, PolicyRecord, PolicySet } from './policy-ports.js';
import { refuseOtherVersion, type SignedPolicy, signedPolicy } from './policy-signature.js';
import type { Generation, SecurityMode } from './types.js';
import { refuseVersion, type VersionStore } from './version-store.js';
import { firstWeakening, firstWeakeningAside, type Replaced, type Weakening } from './weakening.js';

export interface AdmissionOptions {
  readonly trustDir: string;
  readonly rules: WriterRules;
  readonly versions: VersionStore;
  readonly weakeningGuard: boolean;
  readonly securityMode: SecurityMode;
  readonly wallMs: () => number;
  /** The set that the last run left in force; null: none that can be read. */
  readonly lastGood: () => PolicySet | null;
  /** Writes a record or throws. */
  readonly report: (record: PolicyRecord) => void;
}

interface Judged {
  readonly set: PolicySet;
  readonly signed: ReadonlyMap<PolicyDocument, SignedPolicy>;
}

export class PolicyAdmission {
  readonly #options: AdmissionOptions;
  /** The set in force and the one on its way, by generation. */
  readonly #judged = new Map<string, Judged>();
  #live: PolicySet | null = null;
  /** When time alone changes an answer that was given. */
  #turns: readonly number[] = [];

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** @see PolicySourceOptions.admittedBy */
  admittedBy(): string {
    const now = this.#options.wallMs();
    const turned = this.#turns.filter(turn => turn <= now).length;
    const { trustDir, versions } = this.#options;
    return `${lookAtTrustFolder(trustDir)} ${versions.lookAtRequest()} ${turned}`;
  }

  /** @see PolicySourceOptions.admit */
  admit(set: PolicySet): Admission {
    const { versions, report, trustDir, rules } = this.#options;
    let at: PolicyDocument | null = null;
    this.#turns = [];
    try {
      versions.obeyRequest(report);
      const memory = this.#memory();
      const trust = readTrustFolder(trustDir, rules, trustedSigner);
      const signed = new Map<PolicyDocument, SignedPolicy>();
      for (const document of set.documents) {
        at = document;
        if (document.isLayer && document.name === set.documents[0]?.name) {
          // Signed by its name: the one could pass for the other.
          throw new Fault('policy_signature_refused', {
            path: document.path,
            why: 'it has the name of the main policy',
          });
        }
        const one = signedPolicy(document, trust, this.#options.wallMs());
        const seen = { version: one.statement.version, sha256: document.sha256 };
        const refused = refuseVersion(memory, document.path, document.name, seen);
        if (refused !== null) throw refused;
        signed.set(document, one);
      }
      this.#turns = [...signed.values()].flatMap(({ statement }) => rfc3339Ms(statement.expires ?? '') ?? []);
      for (const id of this.#judged.keys()) if (id !== this.#live?.id) this.#judged.delete(id);
      this.#judged.set(set.id, { set, signed });
      const facts = [...signed.values()].map(({ statement, keyIds }) => ({
        version: statement.version,
        signedBy: keyIds.join(','),
      }));
      return { ok: true, facts, confirm: (next, live) => this.#confirm(set, next, live) };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { fromMs } = error.facts;
      if (typeof fromMs === 'number') this.#turns = [fromMs];
      return at === null ? { ok: false, fault: error } : { ok: false, fault: error, path: at.path };
    }
  }

  /** A Fault when what was built lets more pass and nobody signed for that. */
  guarded(set: PolicySet, built: BuildOutcome): BuildOutcome | Promise<BuildOutcome> {
    const replaced = built.ok ? this.#unvouched(set) : [];
    if (replaced.length === 0) return built;
    const found = firstWeakeningAside(replaced);
    if (!(found instanceof Promise)) return refuseWeakening(found, built);
    return found.then(weakening => refuseWeakening(weakening, built));
  }

  guardedSync(set: PolicySet, built: BuildOutcome): BuildOutcome {
    const replaced = built.ok ? this.#unvouched(set) : [];
    return refuseWeakening(firstWeakening(replaced), built);
  }

  /** Just before `next` is in force. @throws Fault: then it must not be. */
  goingLive(next: Generation): void {
    const judged = this.#judged.get(next.id);
    // The same generation again, with another engine.
    if (judged === undefined || judged.set === this.#live) return;
    for (const [document, { statement }] of judged.signed) {
      const seen = { version: statement.version, sha256: document.sha256 };
      this.#tolerate(() => this.#options.versions.remember(document.path, document.name, seen));
    }
    this.#live = judged.set;
  }

  #confirm(set: PolicySet, next: Generation, live: Generation | null): Fault | null {
    const signed = this.#judged.get(set.id)?.signed;
    for (const [i, document] of set.documents.entries()) {
      const one = signed?.get(document);
      if (one === undefined) return new Fault('internal', { what: 'a policy was built that was not admitted' });
      const differs = refuseOtherVersion(document.path, one.statement, next.documents[i]?.version ?? null);
      if (differs !== null) return differs;
    }
    // Nothing carries counters over at a start, so nothing else comes between this and the swap.
    if (live === null) this.goingLive(next);
    return null;
  }

  /** Documents whose change nobody vouched for, beside what they replace. */
  #unvouched(set: PolicySet): readonly Replaced[] {
    if (!this.#options.weakeningGuard) return [];
    const before = this.#live ?? this.#options.lastGood();
    const known = before === null ? this.#memory() : new Map();
    const signed = this.#judged.get(set.id)?.signed;
    return set.documents.flatMap(document => {
      const { path, name, isLayer, bytes, sha256 } = document;
      if (signed?.get(document)?.statement.allowWeakening === true) return [];
      const old =
        before?.documents.find(one => one.isLayer === isLayer && (isLayer ? one.name === name : true)) ?? null;
      if (old?.sha256 === sha256) return [];
      // A layer that is new only denies more; a policy that is the first replaces nothing.
      if (old === null && (!known.has(name) || known.get(name)?.sha256 === sha256)) return [];
      return [{ path, role: isLayer ? ('layer' as const) : ('main' as const), old: old?.bytes ?? null, next: bytes }];
    });
  }

  #memory(): VersionMemory {
    try {
      return this.#options.versions.read();
    } catch (error) {
      if (this.#options.securityMode === 'strict') throw error;
      return new Map();
    }
  }

  /** In permissive mode the memory may fail. */
  #tolerate(remember: () => void): void {
    try {
      remember();
    } catch (error) {
      if (this.#options.securityMode === 'strict') throw error;
    }
  }
}

function refuseWeakening(weakening: Weakening | null, built: BuildOutcome): BuildOutcome {
  if (weakening === null) return built;
  throw new Fault('policy_weakened', { path: weakening.path, why: weakening.why });
}
