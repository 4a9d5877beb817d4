/**
 * Policies in layers (the language, section 10): how the files of one generation are named, ordered and identified.
 *
 * Pure. The main document comes first, then the layers in byte order of their names.
 */
import type { Sha256Hex } from '../brand.js';
import { sha256Hex } from '../brand.js';
import { utf8 } from '../bytes.js';

/** What stands beside a document `<name>` and vouches for it. */
export const ENVELOPE_SUFFIX = '.dsse';
const LAYER_SUFFIX = '.yaml';
/** As the field `policy_layer` of a record holds it. */
const NAME_MAX_BYTES = 128;

export interface NamedDocument {
  readonly sha256: Sha256Hex;
  /** File name without folder. */
  readonly name: string;
}

/** How the entry `name` of `policy.d` is read. */
export type LayerEntry = 'layer' | 'envelope' | 'ignored' | 'odd';

/** Dotfiles (also the `..data` of a ConfigMap) and `*~` are left alone; what is no layer and no envelope is odd. */
export function layerEntry(name: string): LayerEntry {
  if (name.startsWith('.') || name.endsWith('~')) return 'ignored';
  if (!isSoundName(name)) return 'odd';
  if (isLayerName(name)) return 'layer';
  return name.endsWith(ENVELOPE_SUFFIX) && isLayerName(name.slice(0, -ENVELOPE_SUFFIX.length)) ? 'envelope' : 'odd';
}

export function isLayerName(name: string): boolean {
  return isSoundName(name) && !name.startsWith('.') && name.endsWith(LAYER_SUFFIX) && name !== LAYER_SUFFIX;
}

/** A name that a line of the manifest and a record can hold: no control character, no slash, no byte that was no UTF-8. */
export function isSoundName(name: string): boolean {
  return name !== '' && !/[\p{Cc}/\ufffd]/u.test(name) && utf8(name).length <= NAME_MAX_BYTES;
}

/** By their UTF-8 bytes. */
export function byteOrder(a: string, b: string): number {
  const [x, y] = [utf8(a), utf8(b)];
  for (let i = 0; i < x.length && i < y.length; i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

/** `<sha256 hex> <file name>\n` for each; the SHA-256 of its UTF-8 bytes is the generation's ID. */
export function manifestOf(documents: readonly NamedDocument[]): string {
  return documents.map(({ sha256, name }) => `${sha256} ${name}\n`).join('');
}

/** A single document's ID is its own SHA-256. */
export function generationId(documents: readonly NamedDocument[], hash: (bytes: Uint8Array) => Sha256Hex): Sha256Hex {
  const [only] = documents;
  return documents.length === 1 && only !== undefined ? only.sha256 : hash(utf8(manifestOf(documents)));
}

const MANIFEST_MAX_BYTES = 64 * 1024;

/** The documents that a manifest names; null for anything else. No policy reads as one: it would lack `default`. */
export function readManifest(bytes: Uint8Array): readonly NamedDocument[] | null {
  if (bytes.length > MANIFEST_MAX_BYTES) return null;
  const text = new TextDecoder().decode(bytes);
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length < 2) return null;
  const documents: NamedDocument[] = [];
  for (const line of lines) {
    const sha256 = sha256Hex(line.slice(0, 64));
    const name = line.slice(65);
    if (sha256 === null || line[64] !== ' ' || !isSoundName(name)) return null;
    documents.push({ sha256, name });
  }
  return documents;
}
