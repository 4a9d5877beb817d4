/**
 * Looks at the files of a policy and reads them: a set of one moment, and whether it has stood still.
 */
import { basename, dirname } from 'node:path';
import type { Sha256Hex } from '../core/brand.js';
import { Fault } from '../core/fault.js';
import { COMPILE_INLINE_MAX_BYTES, POLL_EVERY_MS } from '../core/limits.js';
import { ENVELOPE_SUFFIX, layerEntry } from '../core/policy/layers.js';
import type { Seen } from '../core/reload/machine.js';
import { Stillness } from '../core/reload/stillness.js';
import {
  hashedSet,
  lookAtSet,
  type PolicyPlace,
  type PolicySet,
  readSet,
  readSetSync,
  type SettledSet,
  setBytes,
} from '../disk/policy-set.js';
import type { Timers } from '../disk/timers.js';
import { type FolderWatch, watchFolder } from '../disk/watch-path.js';
import type { WriterRules } from '../disk/who-may-write.js';
import { type Attempt, attempt, attemptLater } from './attempt.js';
import { isMoved } from './reload-loop.js';

export interface ReadSet {
  readonly set: PolicySet;
  /** As {@link PolicyReader.look} would have said it. */
  readonly seen: Seen;
}

const START_READS = 5;

export class PolicyReader {
  readonly #stillness = new Stillness();

  /** @param beside A text for whatever else, beside the files, a load rests on. */
  constructor(
    private readonly place: PolicyPlace,
    private readonly rules: WriterRules,
    private readonly hash: (bytes: Uint8Array) => Sha256Hex,
    private readonly beside: () => string,
  ) {}

  /** What stands there now. Never throws. */
  look(at: number): Seen {
    const { seen, parts } = lookAtSet(this.place);
    this.#stillness.look(parts, at);
    return this.#whole(seen);
  }

  /** Milliseconds until nothing is being written any more, by all looks so far. */
  restMs(at: number): number {
    return this.#stillness.restMs(at);
  }

  /** At start nothing waits for a file to settle, so one that moves is tried again at once. */
  readNow(): Attempt<ReadSet> {
    for (let tries = 1; ; tries++) {
      const got = this.#readSync();
      if (got.ok || !isMoved(got.error) || tries >= START_READS) return got;
    }
  }

  /**
   * What was asked about the files after they were read is true of the same moment only if they stand there still.
   * @throws Fault `policy_changed_while_read`
   */
  refuseMoved(read: Seen): void {
    const { seen } = lookAtSet(this.place);
    const still = seen.is === 'file' && read.is === 'file' && seen.file === read.file;
    if (!still || !read.content.startsWith(`${seen.content}\n`)) {
      throw new Fault('policy_changed_while_read', { path: this.place.main });
    }
  }

  /** Small files are read at once: that costs less than handing them to another thread. */
  read(): Attempt<ReadSet> | Promise<Attempt<ReadSet>> {
    if (setBytes(this.place) <= COMPILE_INLINE_MAX_BYTES) return this.#readSync();
    return attemptLater(async () => this.#hashed(await readSet(this.place, this.rules)));
  }

  #readSync(): Attempt<ReadSet> {
    return attempt(() => this.#hashed(readSetSync(this.place, this.rules)));
  }

  #hashed({ files, seen }: SettledSet): ReadSet {
    return { set: hashedSet(files, this.hash), seen: this.#whole(seen) };
  }

  #whole(seen: Seen): Seen {
    return seen.is === 'file' ? { ...seen, content: `${seen.content}\n${this.beside()}` } : seen;
  }
}

/** Watches the main document and its envelope, and the folder of layers, which need not exist yet. */
export function watchPolicy(
  place: PolicyPlace,
  timers: Timers,
  look: () => void,
  written: () => void,
): { readonly pollOnly: boolean; close(): Promise<void> } {
  const watching = { pollMs: POLL_EVERY_MS, fast: true, timers, written };
  const main = basename(place.main);
  // `..data` is the link that Kubernetes swaps when a ConfigMap changes.
  const own = (name: string) => name === main || name === main + ENVELOPE_SUFFIX || name === '..data';
  const ofLayers = (name: string) => name === '..data' || layerEntry(name) !== 'ignored';
  const watches: readonly FolderWatch[] = [
    watchFolder(dirname(place.main), { ...watching, matters: own }, look),
    watchFolder(place.layersDir, { ...watching, matters: ofLayers }, look),
  ];
  return {
    get pollOnly() {
      return watches.some(watch => watch.pollOnly);
    },
    async close() {
      await Promise.all(watches.map(watch => watch.close()));
    },
  };
}
