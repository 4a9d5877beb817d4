/**
 * The policies that went live, by the hash of their bytes, and which of them was the last for each policy file.
 *
 * `<state>/policies/<sha256>` holds the bytes of a document, `<sha256>.dsse` its envelope. A generation of several documents
 * has a file of its own there, named by its ID: the lines `<sha256> <file name>\n` of its documents, of which the ID is the
 * hash. So an auditor can read whatever a record names.
 * `<state>/last-good/<first 16 hex of the hash of the path>` holds `<ID>  <path>\n`, one file a policy path, since
 * agents may share a state folder. Files are 0600 and replaced whole.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Sha256Hex, sha256Hex } from '../core/brand.js';
import { sameBytes, utf8 } from '../core/bytes.js';
import { ENVELOPE_MAX_BYTES, POLICY_JSON_MAX_BYTES } from '../core/limits.js';
import { ENVELOPE_SUFFIX, generationId, manifestOf, type NamedDocument, readManifest } from '../core/policy/layers.js';
import { hashedSet, type PolicyFile, type PolicyPlace, type PolicySet } from './policy-set.js';
import { readSettledSync } from './read-settled.js';
import { replace, replaceSync } from './replace-file.js';

export interface KeptSet {
  readonly set: PolicySet;
  /** Where the file of its ID stands. */
  readonly path: string;
}

export interface PolicyArchive {
  /**
   * Keeps the set; it is on disk when this is done.
   * @throws Fault `policy_not_archived`
   */
  keep(set: PolicySet): Promise<void>;
  keepSync(set: PolicySet): void;
  /** True when all of it is kept already. Never throws. */
  holds(set: PolicySet): boolean;
  /** @throws Fault `policy_not_archived` */
  setLastGood(policyPath: string, id: Sha256Hex): Promise<void>;
  setLastGoodSync(policyPath: string, id: Sha256Hex): void;
  /** The last good policy, each document checked against its hash; null when there is none to trust. Never throws. */
  lastGood(place: PolicyPlace): KeptSet | null;
}

/** @param hash SHA-256 of bytes, as hexadecimal. */
export function openPolicyArchive(stateDir: string, hash: (bytes: Uint8Array) => Sha256Hex): PolicyArchive {
  const kept = (name: string) => join(stateDir, 'policies', name);
  const pointer = (policyPath: string) => lastGoodPointer(stateDir, policyPath, hash);
  /** What of the set is not there yet, in the order in which it is written. */
  const missing = (set: PolicySet): readonly (readonly [string, Uint8Array])[] =>
    entriesOf(set)
      .filter(([name, bytes]) => {
        const there = bytesOf(kept(name));
        return there === null || !sameBytes(there, bytes);
      })
      .map(([name, bytes]) => [kept(name), bytes] as const);
  const read = (name: string, limit: number): Uint8Array =>
    readSettledSync(kept(name), { operatorsGid: null }, limit).bytes;
  const readNamed = (documents: readonly NamedDocument[], place: PolicyPlace): PolicySet => {
    const files = documents.map(({ sha256, name }, i): PolicyFile => {
      const envelope = `${sha256}${ENVELOPE_SUFFIX}`;
      return {
        path: i === 0 ? place.main : join(place.layersDir, name),
        name,
        isLayer: i > 0,
        bytes: read(sha256, POLICY_JSON_MAX_BYTES),
        envelope: bytesOf(kept(envelope)) === null ? null : read(envelope, ENVELOPE_MAX_BYTES),
      };
    });
    return hashedSet(files, hash);
  };
  return {
    async keep(set) {
      for (const [path, bytes] of missing(set)) await replace(path, bytes);
    },
    keepSync(set) {
      for (const [path, bytes] of missing(set)) replaceSync(path, bytes);
    },
    holds: set => missing(set).length === 0,
    setLastGood: (policyPath, id) => replace(pointer(policyPath), pointerText(policyPath, id)),
    setLastGoodSync(policyPath, id) {
      const path = pointer(policyPath);
      const bytes = pointerText(policyPath, id);
      if (bytesOf(path)?.equals(bytes) !== true) replaceSync(path, bytes);
    },
    lastGood(place) {
      const [name = ''] = (bytesOf(pointer(place.main))?.toString() ?? '').split(' ');
      const id = sha256Hex(name);
      if (id === null) return null;
      try {
        const bytes = read(id, POLICY_JSON_MAX_BYTES);
        const named = readManifest(bytes) ?? [{ sha256: id, name: place.main.slice(place.main.lastIndexOf('/') + 1) }];
        const set = readNamed(named, place);
        return set.id === id && generationId(named, hash) === id ? { set, path: kept(id) } : null;
      } catch {
        return null;
      }
    },
  };
}

/** The file that says which generation was the last good one of a policy's path. */
export function lastGoodPointer(stateDir: string, policyPath: string, hash: (bytes: Uint8Array) => Sha256Hex): string {
  return join(stateDir, 'last-good', hash(utf8(policyPath)).slice(0, 16));
}

function entriesOf({ id, documents }: PolicySet): readonly (readonly [name: string, bytes: Uint8Array])[] {
  return [
    ...documents.flatMap(({ sha256, bytes, envelope }) => [
      [sha256, bytes] as const,
      ...(envelope === null ? [] : [[`${sha256}${ENVELOPE_SUFFIX}`, envelope] as const]),
    ]),
    ...(documents.length > 1 ? [[id, utf8(manifestOf(documents))] as const] : []),
  ];
}

function pointerText(policyPath: string, id: Sha256Hex): Uint8Array {
  return utf8(`${id}  ${policyPath}\n`);
}

function bytesOf(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
