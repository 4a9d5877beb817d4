/**
 * Several documents as one policy, as §10 of the language says it: each decides for itself, limits are charged only if every
 * document admits. Composed of the oracle's single documents; compared with the product.
 */
import { isSaidOf, shown, shownDecision } from './compare.js';
import { type Asked, Oracle, type OracleOptions, type Said } from './oracle.js';
import { policy } from './policies.js';
import { STARTS, textOf } from './pools.js';
import { layerName, productOf } from './product.js';
import { Random } from './random.js';
import { requests } from './requests.js';

export class LayeredOracle {
  private readonly oracles: readonly Oracle[];

  constructor(texts: readonly string[], options: OracleOptions) {
    this.oracles = texts.map(text => new Oracle(text, options));
  }

  decide(asked: Asked, agent: string, nowMs: number): Said & { readonly layer: string | null } {
    const said = this.oracles.map((oracle, i) => ({
      ...oracle.decide(asked, agent, nowMs, true),
      layer: i === 0 ? null : layerName(i),
    }));
    // A layer that does not speak for the agent abstains.
    const speaking = said.filter(s => s.layer === null || s.code !== 'no_policy_for_agent');
    const denial = speaking.findIndex(s => s.result === 'deny' && s.enforced);
    for (const oracle of this.oracles) oracle.settle(denial < 0);
    const asking = denial < 0 ? speaking : speaking.slice(0, denial + 1);
    const spoken = speaking[denial] ?? speaking.find(s => s.result === 'deny') ?? speaking[0]!;
    const allowed = spoken.result === 'allow';
    return {
      ...spoken,
      layer: allowed ? null : spoken.layer,
      uncertain: spoken.uncertain || (allowed && speaking.some(s => s.uncertain)),
      shadowRules: asking.flatMap(s => s.shadowRules).slice(0, 8),
    };
  }
}

const OPTIONS = [
  { inspectBytes: 120, permissive: false },
  { inspectBytes: 120, permissive: true },
  { inspectBytes: 65_536, permissive: false },
];
const REQUESTS = 96;
const DOCUMENTS = [2, 2, 3, 4];

/**
 * `sets` sets of documents with their requests, compared; how often each kind of answer was given.
 * @throws Error with the first difference and what replays it.
 */
export function runLayered(seed: number, sets: number): Record<string, number> {
  const tally: Record<string, number> = {};
  const count = (key: string): void => {
    tally[key] = (tally[key] ?? 0) + 1;
  };
  for (let number = 0; number < sets; number++) {
    const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
    const made = Array.from({ length: random.pick(DOCUMENTS) }, () => lenient(random, policy(random)));
    const [startMs, options] = [random.pick(STARTS), random.pick(OPTIONS)];
    const texts = made.map(textOf);
    const decide = productOf(texts, options);
    if (decide === null) throw new Error(`set ${number} of seed ${seed} does not load`);
    const oracle = new LayeredOracle(texts, options);
    // Each document's own requests, so that each of them has something to say.
    const asked = made.flatMap(one => requests(random, one, REQUESTS / made.length));
    let nowMs = startMs;
    for (const [index, timed] of asked.entries()) {
      nowMs += timed.later;
      const said = oracle.decide(timed.asked, timed.agent, nowMs);
      const decision = decide(timed.asked, timed.agent, nowMs);
      const place = said.layer === null ? '' : ` (layer '${said.layer}')`;
      const sentence = isSaidOf(said);
      const wanted = `${shown(said, sentence === '…' ? sentence : sentence + place)} ${said.layer}`;
      const answered = `${shownDecision(decision)} ${decision.policyLayer ?? null}`;
      if (wanted !== answered) {
        const report = { seed, set: number, request: index, wanted, answered, texts, asked: timed };
        throw new Error(JSON.stringify(report, null, 2));
      }
      count(said.code);
      if (said.layer !== null) count(`${said.code} by a layer`);
      if (!said.enforced) count('let pass');
    }
  }
  return tally;
}

/** Two generated policies seldom both admit a call, and only then are limits held: every other one denies less. */
function lenient(random: Random, made: Record<string, unknown>): Record<string, unknown> {
  if (random.chance(50)) return made;
  const rules = (made.rules as readonly Record<string, unknown>[]).filter(rule => !('deny' in rule));
  const { agents: _, ...rest } = made;
  return { ...rest, default: 'allow', rules };
}
