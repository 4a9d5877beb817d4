/**
 * Counts what a replay finds, in memory that does not grow with the log.
 */
import { callWords, type Recorded } from './recorded.js';

export interface Ruled {
  /** A rule's name, or the code where no rule decided; null: one of several. */
  readonly rule: string | null;
  /** The layer whose rule it is; absent: the main document's. */
  readonly layer?: string;
}

export interface Answer extends Ruled {
  readonly result: 'allow' | 'deny';
}

export type Replayed =
  | ({ readonly is: 'certain' } & Answer)
  /** `rule`: whose answer depends on what the log does not hold; null: the request itself cannot be made again. */
  | ({ readonly is: 'cannot_say' } & Ruled);

export interface Change {
  readonly from: Answer;
  readonly to: Answer;
  readonly count: number;
  /** The first few calls, without what the log does not hold. */
  readonly examples: readonly string[];
}

export interface Undecided extends Ruled {
  readonly count: number;
  readonly examples: readonly string[];
}

const EXAMPLES = 3;
/** Different changes that are told apart; the others count in the sums only. */
const GROUPS_MAX = 10_000;

interface Group<T> {
  readonly of: T;
  count: number;
  readonly examples: string[];
}

export class ReplayTally {
  replayed = 0;
  same = 0;
  changed = 0;
  cannotSay = 0;
  /** By the code of the record. */
  readonly notByPolicy = new Map<string, number>();
  readonly #changes = new Map<string, Group<{ readonly from: Answer; readonly to: Answer }>>();
  readonly #undecided = new Map<string, Group<Ruled>>();

  /** A decision that no policy made. */
  skip({ code }: Recorded): void {
    this.notByPolicy.set(code, (this.notByPolicy.get(code) ?? 0) + 1);
  }

  add(recorded: Recorded, now: Replayed): void {
    this.replayed++;
    if (now.is === 'cannot_say') {
      this.cannotSay++;
      const of: Ruled = { rule: now.rule, ...inLayer(now.layer) };
      count(this.#undecided, JSON.stringify(of), of, recorded);
      return;
    }
    const from: Answer = {
      result: recorded.result,
      rule: recorded.rule ?? recorded.code,
      ...inLayer(recorded.layer ?? undefined),
    };
    const to: Answer = { result: now.result, rule: now.rule, ...inLayer(now.layer) };
    const isSameRule = from.rule === to.rule && from.layer === to.layer;
    if (from.result === to.result && (to.rule === null || isSameRule)) {
      this.same++;
      return;
    }
    this.changed++;
    count(this.#changes, JSON.stringify([from, to]), { from, to }, recorded);
  }

  /** The most frequent first. */
  changes(): readonly Change[] {
    return sorted(this.#changes).map(({ of, count: n, examples }) => ({ ...of, count: n, examples }));
  }

  undecided(): readonly Undecided[] {
    return sorted(this.#undecided).map(({ of, count: n, examples }) => ({ ...of, count: n, examples }));
  }
}

const inLayer = (layer: string | undefined): { readonly layer?: string } => (layer === undefined ? {} : { layer });

function count<T>(groups: Map<string, Group<T>>, key: string, of: T, recorded: Recorded): void {
  const known = groups.get(key);
  const group = known ?? { of, count: 0, examples: [] };
  if (known === undefined && groups.size < GROUPS_MAX) groups.set(key, group);
  group.count++;
  const example = callWords(recorded);
  if (group.examples.length < EXAMPLES && !group.examples.includes(example)) group.examples.push(example);
}

function sorted<T>(groups: ReadonlyMap<string, Group<T>>): readonly Group<T>[] {
  return [...groups.values()].sort((a, b) => b.count - a.count);
}
