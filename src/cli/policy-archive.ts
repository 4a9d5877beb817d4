/** What the commands over archived policies share: the settings, and how an operator names a generation. */
import { resolve } from 'node:path';
import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import type { Sha256Hex } from '../core/brand.js';
import type { Settings } from '../core/config/settings.js';
import { sha256Digest } from '../crypto/sha256.js';
import { type ArchivedGeneration, archivedGenerations, archivedSet, currentGeneration } from '../disk/archived-sets.js';
import { type PolicyPlace, type PolicySet, policyPlace } from '../disk/policy-set.js';
import { type Args, Misuse } from './args.js';
import type { CliIo } from './io.js';

export interface ReadArchive {
  readonly settings: Settings;
  readonly place: PolicyPlace;
  /** Newest first. */
  readonly generations: readonly ArchivedGeneration[];
  /** The last that was in force, as the agent wrote it down; null: none is known. */
  readonly current: Sha256Hex | null;
  /** @throws Fault `archive_damaged` */
  set(id: Sha256Hex): PolicySet;
  /** `current`, or the beginning of an ID. @throws Misuse */
  named(text: string): Sha256Hex;
}

const hash = (bytes: Uint8Array): Sha256Hex => sha256Digest(bytes) as Sha256Hex;
const ID_MIN_CHARS = 6;

export function readArchive(given: Args, io: CliIo): ReadArchive {
  const settings = readSettings('operator', io, operatorSettingsFile(given.text('config'), io));
  const place = policyPlace(resolve(settings.policy));
  const generations = archivedGenerations(settings.stateDir, place);
  const current = currentGeneration(settings.stateDir, place, hash);
  return {
    settings,
    place,
    generations,
    current,
    set: id => archivedSet(settings.stateDir, id, place, hash),
    named(text) {
      if (text === 'current' && current !== null) return current;
      const found = generations.filter(({ id }) => text.length >= ID_MIN_CHARS && id.startsWith(text));
      const [only] = found;
      if (found.length === 1 && only !== undefined) return only.id;
      const what = found.length === 0 ? 'names no archived policy' : 'is the beginning of several';
      throw new Misuse(`'${text}' ${what}`, `\`checkrd policy list\` has them; ${ID_MIN_CHARS} characters or more`);
    },
  };
}
