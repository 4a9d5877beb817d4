/**
 * The layers that were in force once, so that none goes missing unnoticed, also not while nothing runs.
 *
 * `<state>/layers/<first 16 hex of the hash of the policy's path>.json`, one file a policy path, since agents with different
 * policies may share a state folder:
 *   {"policy": path, "layers": [name…], "dropped": [{"name", "by_uid", "time"}…]}
 * `dropped` says who allowed a name to be missing, until it comes back. 0600, replaced whole.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Sha256Hex } from '../core/brand.js';
import { utf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { KIB } from '../core/limits.js';
import { isLayerName } from '../core/policy/layers.js';
import { errorCode } from './error-code.js';
import { replaceSync } from './replace-file.js';

export interface DroppedLayer {
  readonly name: string;
  readonly byUid: number;
  /** RFC 3339. */
  readonly time: string;
}

export interface KnownLayers {
  readonly layers: readonly string[];
  readonly dropped: readonly DroppedLayer[];
}

export interface LayerMemory {
  readonly path: string;
  /** @throws Fault `layers_unreadable`: who cannot remember must not guess. No file is nothing seen yet. */
  read(): KnownLayers;
  /** Adds names; those that came back are no longer dropped. @throws Fault `layers_unreadable`, `policy_not_archived` */
  remember(names: readonly string[]): void;
  /** From now on the layer may be missing. @returns false when no such layer is known. @throws Fault as `remember`. */
  drop(dropped: DroppedLayer): boolean;
  /** Another text whenever the file is another one. Never throws. */
  look(): string;
}

const MAX_BYTES = 256 * KIB;
const NOTHING: KnownLayers = { layers: [], dropped: [] };

export function openLayerMemory(
  stateDir: string,
  policyPath: string,
  hash: (bytes: Uint8Array) => Sha256Hex,
): LayerMemory {
  const path = join(stateDir, 'layers', `${hash(utf8(policyPath)).slice(0, 16)}.json`);
  const read = (): KnownLayers => {
    const there = statOf(path);
    if (there === 'ENOENT' || there === 'ENOTDIR') return NOTHING;
    try {
      const known = parse(new TextDecoder('utf-8', { fatal: true }).decode(readOwn(path)));
      if (known !== null) return known;
    } catch (error) {
      throw new Fault('layers_unreadable', { path, why: error instanceof Refusal ? error.message : errorCode(error) });
    }
    throw new Fault('layers_unreadable', { path, why: 'it is not what checkrd wrote' });
  };
  const write = (known: KnownLayers) => replaceSync(path, textOf(policyPath, known));
  return {
    path,
    read,
    remember(names) {
      const known = read();
      const layers = [...new Set([...known.layers, ...names])].sort();
      const dropped = known.dropped.filter(({ name }) => !names.includes(name));
      if (layers.length === known.layers.length && dropped.length === known.dropped.length) return;
      write({ layers, dropped });
    },
    drop(dropped) {
      const known = read();
      if (!known.layers.includes(dropped.name)) return false;
      write({
        layers: known.layers.filter(name => name !== dropped.name),
        dropped: [...known.dropped.filter(({ name }) => name !== dropped.name), dropped],
      });
      return true;
    },
    look: () => statOf(path),
  };
}

class Refusal extends Error {}

/** A file of root, of this user, or, where root looks into somebody's state folder, of that folder's owner. */
function readOwn(path: string): Uint8Array {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const file = fstatSync(fd);
    const { uid, mode, size } = file;
    const own = process.geteuid?.();
    const trusted = [0, own, own === 0 ? statSync(dirname(path)).uid : own];
    if (!file.isFile()) throw new Refusal('it is not a regular file');
    if (!trusted.includes(uid)) throw new Refusal(`user ${uid} owns it`);
    if ((mode & 0o022) !== 0) throw new Refusal('others may write it');
    if (size > MAX_BYTES) throw new Refusal('it is too large');
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function statOf(path: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch (error) {
    return errorCode(error);
  }
}

function textOf(policy: string, { layers, dropped }: KnownLayers): Uint8Array {
  const rows = dropped.map(({ name, byUid, time }) => ({ name, by_uid: byUid, time }));
  return utf8(`${JSON.stringify({ policy, layers, dropped: rows }, null, 2)}\n`);
}

function parse(text: string): KnownLayers | null {
  const value: unknown = JSON.parse(text);
  if (!isTable(value) || !Array.isArray(value.layers) || !Array.isArray(value.dropped)) return null;
  const layers: string[] = [];
  for (const name of value.layers as readonly unknown[]) {
    if (typeof name !== 'string' || !isLayerName(name)) return null;
    layers.push(name);
  }
  const dropped: DroppedLayer[] = [];
  for (const row of value.dropped as readonly unknown[]) {
    if (!isTable(row)) return null;
    const { name, by_uid: byUid, time } = row;
    if (typeof name !== 'string' || !isLayerName(name)) return null;
    if (typeof byUid !== 'number' || !Number.isSafeInteger(byUid) || byUid < 0 || typeof time !== 'string') return null;
    dropped.push({ name, byUid, time });
  }
  return { layers, dropped };
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
