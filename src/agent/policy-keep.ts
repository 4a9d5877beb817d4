/**
 * What is kept of policies between starts: the sets that went live, the last good one, and which layers there ever were.
 *
 *   in   : the state folder, null for none
 *   out  : sets and names
 *   never: loses a name because a file could not be read; that is a Fault
 */
import { join } from 'node:path';
import type { OperatorActionFields } from '../core/audit/fields.js';
import type { Sha256Hex } from '../core/brand.js';
import { Fault } from '../core/fault.js';
import { type LayerMemory, openLayerMemory } from '../disk/layer-memory.js';
import { type KeptSet, openPolicyArchive, type PolicyArchive } from '../disk/policy-archive.js';
import type { PolicyPlace, PolicySet } from '../disk/policy-set.js';
import { attempt } from './attempt.js';

export class PolicyKeep {
  readonly #archive: PolicyArchive | null;
  readonly #memory: LayerMemory | null;

  constructor(
    stateDir: string | null,
    private readonly place: PolicyPlace,
    hash: (bytes: Uint8Array) => Sha256Hex,
  ) {
    this.#archive = stateDir === null ? null : openPolicyArchive(stateDir, hash);
    this.#memory = stateDir === null ? null : openLayerMemory(stateDir, place.main, hash);
  }

  /** Another text whenever other layers are known. Never throws. */
  look(): string {
    return this.#memory?.look() ?? '';
  }

  /**
   * @param live  The set in force; null: none yet, then the last good one counts.
   * @throws Fault `policy_layer_gone`, `layers_unreadable`
   */
  refuseGone(set: PolicySet, live: PolicySet | null): void {
    const known = this.#memory?.read() ?? { layers: [], dropped: [] };
    const before = live ?? (known.layers.length === 0 ? (this.lastGood()?.set ?? null) : null);
    const names = new Set(layerNames(set));
    const dropped = new Set(known.dropped.map(({ name }) => name));
    for (const name of [...known.layers, ...(before === null ? [] : layerNames(before))]) {
      if (names.has(name) || dropped.has(name)) continue;
      throw new Fault('policy_layer_gone', { path: join(this.place.layersDir, name), name });
    }
  }

  /** True when nothing has to be written before the set may go live. Never throws. */
  holds(set: PolicySet): boolean {
    if (this.#archive === null || this.#memory === null) return true;
    const known = attempt(() => this.#memory?.read());
    const layers = new Set(known.ok ? known.value?.layers : []);
    return known.ok && layerNames(set).every(name => layers.has(name)) && this.#archive.holds(set);
  }

  /** @throws Fault `policy_not_archived`, `layers_unreadable` */
  keepSync(set: PolicySet): void {
    this.#archive?.keepSync(set);
    this.#memory?.remember(layerNames(set));
  }

  /** As {@link keepSync}. */
  async keep(set: PolicySet): Promise<void> {
    await this.#archive?.keep(set);
    this.#memory?.remember(layerNames(set));
  }

  /** Best effort: without it the next start brings back an older policy, or none. */
  async setLastGood(set: PolicySet): Promise<void> {
    await this.#archive?.setLastGood(this.place.main, set.id).catch(() => {});
  }

  setLastGoodSync(set: PolicySet): void {
    attempt(() => this.#archive?.setLastGoodSync(this.place.main, set.id));
  }

  /** Never throws. */
  lastGood(): KeptSet | null {
    return this.#archive?.lastGood(this.place) ?? null;
  }

  /** Who allowed the layers to be missing that `before` had and `now` has not. Never throws. */
  dropsBetween(before: PolicySet | null, now: PolicySet): readonly OperatorActionFields[] {
    const known = attempt(() => this.#memory?.read());
    if (!known.ok || before === null) return [];
    const names = new Set(layerNames(now));
    const gone = new Set(layerNames(before).filter(name => !names.has(name)));
    return (known.value?.dropped ?? [])
      .filter(({ name }) => gone.has(name))
      .map(({ name, byUid }) => ({ type: 'operator_action', action: 'layer_drop', by_uid: byUid, reason: name }));
  }
}

function layerNames({ documents }: PolicySet): readonly string[] {
  return documents.filter(document => document.isLayer).map(({ name }) => name);
}
