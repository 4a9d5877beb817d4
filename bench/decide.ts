/** One decision against what people write by hand, as the number of rules grows. */
import { type Compiled, compileObject } from '#src/agent/compile.js';
import { toDecision } from '#src/core/decide/answer.js';
import { checkRequest } from '#src/core/decide/request.js';
import type { Decision, HeaderLines } from '#src/core/decide/types.js';
import { BODY_INSPECT_DEFAULT_BYTES } from '#src/core/limits.js';
import { loadEngine } from '#src/wasm/module.js';
import { inPlace } from './in-place.js';
import { compare, print, ratio, time } from './measure.js';
import { linearRegExp, mapAndTrie, type TaskRequest, task, taskPolicy } from './peers.js';

const HEADERS: HeaderLines = [
  ['content-type', 'application/json'],
  ['authorization', 'Bearer x'],
];
const BODY = { kind: 'none' } as const;
const CLOCK = { wallMs: 1_767_780_000_000, monotonicMs: 1_000 };
/** A hit, a path that misses and a host that misses, twice. */
const PLACED = 6;
const RULE_ALLOWED = 1;
const HOW = { mode: 'enforce', forceDryRun: false } as const;

export function benchDecide(sizes: readonly number[] = [10, 100, 1_000, 10_000]): void {
  const module = loadEngine();
  const lines: string[] = [];
  for (const size of sizes) {
    const { rules, requests } = task(size);
    const compiled = compileObject(taskPolicy(rules));
    const { program, summary } = known(compiled);
    const engine = module.instantiate(program, { inspectBytes: BODY_INSPECT_DEFAULT_BYTES });
    const regexp = linearRegExp(rules);
    const trie = mapAndTrie(rules);
    const bare = inPlace(program, requests.slice(0, PLACED));
    const asked = requests.map(r => ({ method: r.method, url: r.url, headers: HEADERS, body: BODY }));
    const whole = (request: TaskRequest): Decision | null => {
      const valid = checkRequest(request.method, request.url, HEADERS);
      if (!valid.ok) return null;
      const judged = { method: request.method, url: valid.url, headers: HEADERS, body: BODY };
      return toDecision(engine.decide(judged, 'agent', CLOCK), summary, HOW);
    };
    for (const [i, request] of requests.entries()) agree(i, whole(request), regexp(request), trie(request));
    for (const [i, request] of requests.slice(0, PLACED).entries()) {
      if (((bare(i) & 15) === RULE_ALLOWED) !== trie(request) >= 0) throw new Error(`request ${i} in place differs`);
    }

    const at = <T>(list: readonly T[], i: number): T => list[i % list.length] as T;
    const contenders = [
      { name: 'whole', run: (i: number) => whole(at(requests, i)) },
      { name: 'url', run: (i: number) => new URL(at(requests, i).url).hostname },
      { name: 'engine', run: (i: number) => engine.decide(at(asked, i), 'agent', CLOCK) },
      { name: 'in place', run: bare },
      { name: 'trie', run: (i: number) => trie(at(requests, i)) },
    ];
    const [all, url, alone, inside, map] = compare(contenders, 50_000, 9).map(row => row.ns) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const slow = { name: 'regexp', run: (i: number) => regexp(at(requests, i)) };
    const linear = compare([slow], Math.max(500, Math.floor(2_000_000 / size)), 5)[0]?.ns ?? Number.NaN;
    lines.push(
      `${String(size).padStart(6)} rules   engine ${time(alone)}   bytes in place ${time(inside)}   whole decision ${time(all)} (new URL alone ${time(url)})   ` +
        `Map + trie ${time(map)}   RegExp list ${time(linear)}   ` +
        `engine / trie ${ratio(alone, map)} (expected ≤ 2×), in place / trie ${ratio(inside, map)} (expected ≤ 1×), RegExp / whole ${ratio(linear, all)}`,
    );
  }
  print('one decision (expected: flat in the number of rules; ahead of a RegExp list from 100 rules on)', lines);
}

function known(compiled: Compiled): Extract<Compiled, { ok: true }> {
  if (!compiled.ok) throw new Error(compiled.issues[0]?.message);
  return compiled;
}

/** A contender that answers something else measures something else. */
function agree(i: number, decision: Decision | null, regexp: number, trie: number): void {
  const ours = decision?.matchedRule?.slice('rule-'.length) ?? '-1';
  if (ours !== `${regexp}` || ours !== `${trie}`) {
    throw new Error(`request ${i}: checkrd says ${ours}, the RegExp list ${regexp}, the trie ${trie}`);
  }
}
