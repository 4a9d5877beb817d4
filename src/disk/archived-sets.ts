/**
 * The archive of policies (policy-archive.ts) as an operator reads it: which generations there are, and one of them whole.
 *
 *   in   : the state folder
 *   out  : generations with what their files are called; a set, every document of it proven by its hash
 *   never: trusts a name: what does not have the hash that it is named by is damaged
 */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Sha256Hex, sha256Hex } from '../core/brand.js';
import { Fault } from '../core/fault.js';
import { ENVELOPE_MAX_BYTES, POLICY_JSON_MAX_BYTES } from '../core/limits.js';
import { ENVELOPE_SUFFIX, type NamedDocument, readManifest } from '../core/policy/layers.js';
import { errorCode } from './error-code.js';
import { lastGoodPointer } from './policy-archive.js';
import { hashedSet, type PolicyFile, type PolicyPlace, type PolicySet } from './policy-set.js';
import { readWhole } from './read-whole.js';

type Hash = (bytes: Uint8Array) => Sha256Hex;

export interface ArchivedGeneration {
  readonly id: Sha256Hex;
  /** When it was kept first, milliseconds since 1970: the time of its file, which nobody vouches for. */
  readonly keptMs: number;
  /** Its documents, the main one first; a single one goes by the name of the policy file. */
  readonly documents: readonly NamedDocument[];
  /** Also a document of a generation with layers: it may never have been in force by itself. */
  readonly isPart: boolean;
}

/** Newest first. @throws Fault `input_unreadable` when the archive is there and cannot be listed */
export function archivedGenerations(stateDir: string, place: PolicyPlace): readonly ArchivedGeneration[] {
  const folder = join(stateDir, 'policies');
  const manifests = new Map<Sha256Hex, readonly NamedDocument[]>();
  const ids = namesIn(folder).flatMap(name => sha256Hex(name) ?? []);
  for (const id of ids) {
    const file = readWhole(join(folder, id), MANIFEST_MAX_BYTES);
    const documents = file.ok ? readManifest(file.bytes) : null;
    if (documents !== null) manifests.set(id, documents);
  }
  const parts = new Set([...manifests.values()].flatMap(list => list.map(({ sha256 }) => sha256)));
  return ids
    .map(id => ({
      id,
      keptMs: statSync(join(folder, id), { throwIfNoEntry: false })?.mtimeMs ?? 0,
      documents: manifests.get(id) ?? [{ sha256: id, name: basename(place.main) }],
      isPart: parts.has(id),
    }))
    .sort((a, b) => b.keptMs - a.keptMs || (a.id < b.id ? -1 : 1));
}

/** As large as readManifest takes. */
const MANIFEST_MAX_BYTES = 64 * 1024;

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const why = errorCode(error);
    if (why === 'ENOENT') return [];
    throw new Fault('input_unreadable', { path: folder, why }, { cause: error });
  }
}

/** The set of that ID as it would stand at `place`. @throws Fault `archive_damaged`, naming the file */
export function archivedSet(stateDir: string, id: Sha256Hex, place: PolicyPlace, hash: Hash): PolicySet {
  const kept = (name: string) => join(stateDir, 'policies', name);
  const proven = (sha256: Sha256Hex): Uint8Array => {
    const path = kept(sha256);
    const file = readWhole(path, POLICY_JSON_MAX_BYTES);
    if (!file.ok) throw new Fault('archive_damaged', { path, why: file.error });
    if (hash(file.bytes) !== sha256) throw new Fault('archive_damaged', { path, why: 'its hash is not its name' });
    return file.bytes;
  };
  const documents = readManifest(proven(id)) ?? [{ sha256: id, name: basename(place.main) }];
  const files = documents.map(({ sha256, name }, i): PolicyFile => {
    const bytes = proven(sha256);
    const envelope = readWhole(kept(sha256 + ENVELOPE_SUFFIX), ENVELOPE_MAX_BYTES);
    if (!envelope.ok && envelope.error !== 'ENOENT') {
      throw new Fault('archive_damaged', { path: kept(sha256 + ENVELOPE_SUFFIX), why: envelope.error });
    }
    const isLayer = i > 0;
    const path = isLayer ? join(place.layersDir, name) : place.main;
    return { path, name, isLayer, bytes, envelope: envelope.ok ? envelope.bytes : null };
  });
  return hashedSet(files, hash);
}

/** The generation that was last in force at `place`, as the agent wrote it down; null: none is known. Never throws. */
export function currentGeneration(stateDir: string, { main }: PolicyPlace, hash: Hash): Sha256Hex | null {
  const pointer = readWhole(lastGoodPointer(stateDir, main, hash), MANIFEST_MAX_BYTES);
  return pointer.ok ? sha256Hex(new TextDecoder().decode(pointer.bytes).slice(0, 64)) : null;
}
