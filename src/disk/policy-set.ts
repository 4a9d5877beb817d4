/**
 * The files of one policy, read as they stood at one moment: the main document, the layers in `policy.d` beside it, and
 * the envelope that may stand beside each.
 *
 *   in   : where they are
 *   out  : their bytes, and what all of them were when they were read
 *   never: says what a document means, or accepts a set of which anything changed on the way
 */
import { readdirSync, type BigIntStats as Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Sha256Hex } from '../core/brand.js';
import { Fault } from '../core/fault.js';
import { ENVELOPE_MAX_BYTES, POLICY_MAX_LAYERS } from '../core/limits.js';
import {
  byteOrder,
  ENVELOPE_SUFFIX,
  generationId,
  isLayerName,
  isSoundName,
  layerEntry,
} from '../core/policy/layers.js';
import { alike, type Seen } from '../core/reload/machine.js';
import type { Parts } from '../core/reload/stillness.js';
import { errorCode } from './error-code.js';
import { lookAt, readSettled, readSettledSync, type Settled } from './read-settled.js';
import type { WriterRules } from './who-may-write.js';

export interface PolicyPlace {
  /** Absolute path of the main document. */
  readonly main: string;
  /** Absolute path of the folder of layers; it need not exist. */
  readonly layersDir: string;
}

/** `policy.d` beside the policy. */
export function policyPlace(main: string): PolicyPlace {
  return { main, layersDir: join(dirname(main), 'policy.d') };
}

/** One document as it was read. */
export interface PolicyFile {
  readonly path: string;
  /** File name without folder. */
  readonly name: string;
  readonly isLayer: boolean;
  readonly bytes: Uint8Array;
  /** Bytes of `<path>.dsse`; null: there is none. */
  readonly envelope: Uint8Array | null;
}

/** A document and its hash. */
export interface PolicyDocument extends PolicyFile {
  readonly sha256: Sha256Hex;
}

/** What is built, kept and goes live as one. Never empty; the main document is the first. */
export interface PolicySet {
  readonly id: Sha256Hex;
  readonly documents: readonly PolicyDocument[];
}

export interface SetLook {
  readonly seen: Seen;
  /** By path. */
  readonly parts: Parts;
}

export interface SettledSet {
  /** The main document, then the layers in byte order. */
  readonly files: readonly PolicyFile[];
  readonly seen: Seen;
}

/** What stands there now, without opening anything. Never throws. */
export function lookAtSet(place: PolicyPlace): SetLook {
  const parts = new Map<string, Seen>();
  const look = (path: string) => {
    const seen = lookAt(path);
    if (seen.is !== 'absent') parts.set(path, seen);
  };
  look(place.main);
  look(place.main + ENVELOPE_SUFFIX);
  const listed = listLayers(place.layersDir);
  for (const name of listed.names) {
    const path = join(place.layersDir, name);
    // One that is listed and leads nowhere is part of the picture too.
    parts.set(path, lookAt(path));
  }
  return { seen: asOne(place, parts, listed), parts };
}

/**
 * Reads every document and envelope.
 * @throws Fault those of `readSettledSync`, `policy_layer_name`, `policy_layers_too_many`; `policy_changed_while_read` also
 *   when the set was another one before or after.
 */
export function readSetSync(place: PolicyPlace, rules: WriterRules): SettledSet {
  const wanted = listFiles(place);
  try {
    const read = wanted.documents.map(document => ({
      document,
      text: readSettledSync(document.path, rules),
      envelope: document.envelope === null ? null : readSettledSync(document.envelope, rules, ENVELOPE_MAX_BYTES),
    }));
    return agreed(place, wanted, read);
  } catch (error) {
    throw orMoved(place, wanted, error);
  }
}

/** As {@link readSetSync}, without holding up the event loop. */
export async function readSet(place: PolicyPlace, rules: WriterRules): Promise<SettledSet> {
  const wanted = listFiles(place);
  const read: Read[] = [];
  try {
    for (const document of wanted.documents) {
      const text = await readSettled(document.path, rules);
      const envelope =
        document.envelope === null ? null : await readSettled(document.envelope, rules, ENVELOPE_MAX_BYTES);
      read.push({ document, text, envelope });
    }
    return agreed(place, wanted, read);
  } catch (error) {
    throw orMoved(place, wanted, error);
  }
}

/**
 * Paths of the documents that are there: the main one, then the layers in order.
 * @throws Fault `policy_layer_name`, `policy_layers_too_many`, `policy_unreadable`
 */
export function documentPaths(place: PolicyPlace): readonly string[] {
  return listFiles(place).documents.map(({ path }) => path);
}

/** Names of the layers that are there, in order; whatever else is there is left out. */
export function layerNamesIn(place: PolicyPlace): readonly string[] {
  return listLayers(place.layersDir).names.filter(isLayerName).sort(byteOrder);
}

export function hashedSet(files: readonly PolicyFile[], hash: (bytes: Uint8Array) => Sha256Hex): PolicySet {
  const documents = files.map(file => ({ ...file, sha256: hash(file.bytes) }));
  return { id: generationId(documents, hash), documents };
}

/** Bytes of all documents together, as far as they can be told. */
export function setBytes(place: PolicyPlace): number {
  const paths = [place.main, ...listLayers(place.layersDir).names.map(name => join(place.layersDir, name))];
  return paths.reduce((sum, path) => sum + (sizeOf(path) ?? 0), 0);
}

interface WantedDocument {
  readonly path: string;
  readonly name: string;
  readonly isLayer: boolean;
  readonly envelope: string | null;
}

interface Wanted {
  readonly documents: readonly WantedDocument[];
  readonly look: SetLook;
}

interface Read {
  readonly document: WantedDocument;
  readonly text: Settled;
  readonly envelope: Settled | null;
}

function listFiles(place: PolicyPlace): Wanted {
  const look = lookAtSet(place);
  const listed = listLayers(place.layersDir);
  const { layersDir } = place;
  if (listed.error !== null) throw new Fault('policy_unreadable', { path: layersDir, error: listed.error });
  const layers = listed.names.filter(name => layerEntry(name) === 'layer').sort(byteOrder);
  for (const name of listed.names) {
    const orphan = layerEntry(name) === 'envelope' && !layers.includes(name.slice(0, -ENVELOPE_SUFFIX.length));
    if (layerEntry(name) === 'odd' || orphan) {
      const why = orphan ? 'the policy that it signs is not there' : 'a layer is named `*.yaml`';
      throw new Fault('policy_layer_name', { path: join(layersDir, shown(name)), why });
    }
  }
  if (layers.length > POLICY_MAX_LAYERS) {
    throw new Fault('policy_layers_too_many', { path: layersDir, got: layers.length, limit: POLICY_MAX_LAYERS });
  }
  const main = basename(place.main);
  if (layers.length > 0 && !isSoundName(main)) {
    throw new Fault('policy_layer_name', { path: shown(place.main), why: 'its name cannot be recorded' });
  }
  const envelope = (path: string) => (look.parts.has(path + ENVELOPE_SUFFIX) ? path + ENVELOPE_SUFFIX : null);
  const documents = [
    { path: place.main, name: main, isLayer: false, envelope: envelope(place.main) },
    ...layers.map(name => {
      const path = join(layersDir, name);
      return { path, name, isLayer: true, envelope: envelope(path) };
    }),
  ];
  return { documents, look };
}

/** A layer that was there a moment ago and is not any more: the set changed, and the next look says how. */
function orMoved(place: PolicyPlace, { look }: Wanted, error: unknown): unknown {
  if (!(error instanceof Fault) || error.code !== 'policy_missing') return error;
  const { path } = error.facts;
  const wasThere = typeof path === 'string' && path !== place.main && look.parts.get(path)?.is === 'file';
  return wasThere ? new Fault('policy_changed_while_read', { path: place.main }) : error;
}

/** The set before, each file as it was read, and the set after must be one. */
function agreed(place: PolicyPlace, wanted: Wanted, read: readonly Read[]): SettledSet {
  const after = lookAtSet(place);
  const same = (path: string, seen: Seen) => {
    const [before, now] = [wanted.look.parts.get(path), after.parts.get(path)];
    return before !== undefined && now !== undefined && alike(before, seen) && alike(now, seen);
  };
  const whole = read.every(
    ({ document, text, envelope }) =>
      same(document.path, text.seen) &&
      (document.envelope === null || (envelope !== null && same(document.envelope, envelope.seen))),
  );
  if (!whole || !alike(wanted.look.seen, after.seen))
    throw new Fault('policy_changed_while_read', { path: place.main });
  const files = read.map(({ document: { path, name, isLayer }, text, envelope }) => ({
    ...{ path, name, isLayer },
    bytes: text.bytes,
    envelope: envelope?.bytes ?? null,
  }));
  return { files, seen: after.seen };
}

interface Listed {
  /** Everything but what is left alone. */
  readonly names: readonly string[];
  /** The system's code where the folder cannot be listed. */
  readonly error: string | null;
}

function listLayers(folder: string): Listed {
  try {
    return { names: readdirSync(folder).filter(name => layerEntry(name) !== 'ignored'), error: null };
  } catch (error) {
    const code = errorCode(error);
    return { names: [], error: code === 'ENOENT' ? null : code };
  }
}

/** The main document alone looks like itself; a set looks like all of its files. */
function asOne(place: PolicyPlace, parts: Parts, { names, error }: Listed): Seen {
  const main = parts.get(place.main) ?? { is: 'absent' };
  if (main.is !== 'file' || (parts.size === 1 && names.length === 0 && error === null)) return main;
  const others = [...parts].filter(([path]) => path !== place.main).sort(([a], [b]) => (a < b ? -1 : 1));
  const file = [main.file];
  const content = [main.content, error ?? ''];
  for (const [path, seen] of others) {
    file.push(`${JSON.stringify(path)} ${seen.is === 'file' ? seen.file : ''}`);
    content.push(seen.is === 'file' ? seen.content : seen.is === 'absent' ? 'absent' : seen.error);
  }
  return { is: 'file', file: file.join('\n'), content: content.join('\n') };
}

function sizeOf(path: string): number | null {
  const stat: Stats | undefined = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat?.isFile() === true ? Number(stat.size) : null;
}

/** A name with nothing that a terminal or a log line could stumble over. */
function shown(name: string): string {
  return name.replace(/\p{Cc}/gu, '?');
}
