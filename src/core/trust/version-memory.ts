/**
 * The highest version of each signed policy that went live, so that an older one is not taken for new.
 *
 *   {"format":"checkrd-versions-v1","policies":[{"file":"policy.yaml","sha256":<64 hex>,"version":7}, …]}   (by file name)
 *
 *   in   : the text of the memory, a policy's name, version and hash
 *   out  : whether it may go live; the memory after it did
 *   never: lets a version fall, or one version stand for two texts
 */
import { type Sha256Hex, sha256Hex } from '../brand.js';
import { readJson } from '../json/reader.js';
import type { TreeNode } from '../json/tree.js';
import { isBaseName } from './policy-payload.js';

export interface SeenVersion {
  readonly version: number;
  readonly sha256: Sha256Hex;
}

/** By base name of the policy file. */
export type VersionMemory = ReadonlyMap<string, SeenVersion>;

/** A larger step is a slip of the hand, after which no version would be high enough. */
const VERSION_STEP_MAX = 1_000_000;

const FORMAT = 'checkrd-versions-v1';

export type VersionRefusal = 'version_rolled_back' | 'version_reused' | 'version_step';

/** Why this version may not go live after those remembered; null: it may. One that was never seen may begin anywhere. */
export function judgeVersion(memory: VersionMemory, file: string, next: SeenVersion): VersionRefusal | null {
  const last = memory.get(file);
  if (last === undefined) return null;
  if (next.version < last.version) return 'version_rolled_back';
  if (next.version === last.version) return next.sha256 === last.sha256 ? null : 'version_reused';
  return next.version - last.version > VERSION_STEP_MAX ? 'version_step' : null;
}

export function remembered(memory: VersionMemory, file: string, seen: SeenVersion): VersionMemory {
  return new Map([...memory, [file, seen]]);
}

export function forgotten(memory: VersionMemory, file: string): VersionMemory {
  return new Map([...memory].filter(([name]) => name !== file));
}

export function versionMemoryText(memory: VersionMemory): string {
  const policies = [...memory]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, { sha256, version }]) => ({ file, sha256, version }));
  return `${JSON.stringify({ format: FORMAT, policies })}\n`;
}

/** The inverse of {@link versionMemoryText}; null for anything else. */
export function readVersionMemory(text: string): VersionMemory | null {
  const read = readJson(text);
  const list = read.ok ? member(read.root, 'policies') : null;
  const format = read.ok ? member(read.root, 'format') : null;
  if (format?.kind !== 'string' || format.value !== FORMAT || list?.kind !== 'list') return null;
  const memory = new Map<string, SeenVersion>();
  for (const item of list.items) {
    const [file, sha, version] = ['file', 'sha256', 'version'].map(name => member(item, name));
    const sha256 = sha?.kind === 'string' ? sha256Hex(sha.value) : null;
    const number = version?.kind === 'number' ? Number(version.source) : Number.NaN;
    if (file?.kind !== 'string' || !isBaseName(file.value) || sha256 === null) return null;
    if (!Number.isSafeInteger(number) || number < 0 || memory.has(file.value)) return null;
    memory.set(file.value, { version: number, sha256 });
  }
  // One spelling: what was cut or edited by hand is not what was written.
  return versionMemoryText(memory) === text ? memory : null;
}

function member(node: TreeNode, name: string): TreeNode | null {
  return node.kind === 'map' ? (node.entries.find(({ key }) => key === name)?.value ?? null) : null;
}
