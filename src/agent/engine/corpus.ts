/**
 * The corpus: policies, requests, and what every engine must answer. It ships beside the engine that is pinned.
 *
 *   a line   {"documents": [<policy as JSON text>, …], "inspect_bytes", "permissive", "asks": [ask, …]}
 *   an ask   [method, url, headers, body (base64) or null, tool or null, arguments or null, agent, milliseconds since 1970,
 *            answer, times]; with `times` it is asked so often, `{n}` in the agent counting, and the last answer is meant
 *
 *   in   : an engine; for counters that change hands, the one that runs
 *   out  : null, or a clause about the first answer that is another
 *   never: reads a clock; judges by anything but the answers
 *
 * Requests stand as the engine gets them: how this Node reads a URL is no question to an engine.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Sha256Hex } from '../../core/brand.js';
import { fromBase64 } from '../../core/bytes.js';
import type { ActionRequest, Body, Decision, HeaderLines } from '../../core/decide/types.js';
import { Fault } from '../../core/fault.js';
import type { EngineModule } from '../../wasm/module.js';
import { carryCounters } from '../carry-counters.js';
import { type Compiled, compileObject } from '../compile.js';
import { decideByGeneration } from '../decide.js';
import type { Generation, LiveDocument } from '../types.js';

export type CorpusAsk = readonly [
  method: string,
  url: string | null,
  headers: HeaderLines,
  body: string | null,
  tool: string | null,
  args: string | null,
  agent: string,
  atMs: number,
  answer: string,
  times?: number,
];

export interface CorpusCase {
  readonly documents: readonly string[];
  readonly inspect_bytes: number;
  readonly permissive: boolean;
  readonly asks: readonly CorpusAsk[];
}

export const CORPUS_PATH: string = fileURLToPath(new URL('../../wasm/corpus.jsonl', import.meta.url));

const UNNAMED = '0'.repeat(64) as Sha256Hex;
const NONE: Body = { kind: 'none' };

export function readCorpus(path: string = CORPUS_PATH): readonly CorpusCase[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter(line => line !== '').map(line => JSON.parse(line) as CorpusCase);
}

/** As one text, whatever of a decision an engine has a say in. */
export function answerText(decision: Decision): string {
  const { code, enforced, matchedRule, uncertain, retryAfterMs = 0, shadowRules, policyLayer } = decision;
  const words = [
    code,
    matchedRule ?? '-',
    ...(enforced ? [] : ['let_pass']),
    ...(uncertain ? ['uncertain'] : []),
    ...(retryAfterMs === 0 ? [] : [`after=${retryAfterMs}`]),
    ...(shadowRules.length === 0 ? [] : [`shadow=${shadowRules.join(',')}`]),
    ...(policyLayer === undefined ? [] : [`layer=${policyLayer}`]),
  ];
  return words.join(' ');
}

/**
 * The first answer of `engines` that is another, alone, and while the counters go from `running` to it and back.
 *
 * @param running  The engine in force; null: none is, and nothing is carried.
 * @param each  Called between cases: the engine is alive.
 */
export function differenceFrom(
  corpus: readonly CorpusCase[],
  engines: EngineModule,
  running: EngineModule | null = null,
  each: () => void = () => {},
): string | null {
  const runs = running === null ? [[engines]] : [[engines], [running, engines, running]];
  for (const [i, one] of corpus.entries()) {
    each();
    const compiled = one.documents.map(soundly);
    for (const turns of runs) {
      const at = differenceIn(
        one,
        turns.map(module => generationOf(compiled, one, module)),
      );
      if (at !== null) return `case ${i + 1} of its corpus, ${turns.length === 1 ? '' : 'carried over, '}${at}`;
    }
  }
  return null;
}

/** The generations take turns, each with the counters of the one before. */
function differenceIn(one: CorpusCase, generations: readonly Generation[]): string | null {
  const span = Math.ceil(one.asks.length / generations.length);
  for (const [n, ask] of one.asks.entries()) {
    const turn = Math.floor(n / span);
    const [before, now] = [generations[turn - 1], generations[turn]];
    if (now === undefined) throw new Fault('internal', { what: 'a case of the corpus has no turn' });
    if (before !== undefined && n === turn * span) carryCounters(before, now);
    const got = answer(now, one, ask);
    if (got !== ask[8]) return `request ${n + 1}: \`${got}\` instead of \`${ask[8]}\``;
  }
  return null;
}

type Sound = Extract<Compiled, { ok: true }>;

function soundly(text: string): Sound {
  const compiled = compileObject(text);
  if (!compiled.ok) throw new Fault('internal', { what: 'a policy of the corpus does not load' });
  return compiled;
}

function generationOf(compiled: readonly Sound[], one: CorpusCase, engines: EngineModule): Generation {
  const live = compiled.map(({ program, summary }, i): LiveDocument => {
    const engine = engines.instantiate(program, { inspectBytes: one.inspect_bytes });
    return { path: '', sha256: UNNAMED, layer: i === 0 ? null : `${i}.yaml`, ...summary, engine };
  });
  return { id: UNNAMED, documents: live };
}

function answer(generation: Generation, one: CorpusCase, ask: CorpusAsk): string {
  const [, , , , , , agent, , , times = 1] = ask;
  let said = '';
  for (let n = 0; n < times; n++) said = answerOnce(generation, one, ask, agent.replace('{n}', String(n)));
  return said;
}

function answerOnce(generation: Generation, one: CorpusCase, ask: CorpusAsk, agent: string): string {
  const [method, url, headers, body64, tool, args, , atMs] = ask;
  const at = { wallMs: atMs, monotonicMs: atMs, dryRun: false, permissive: one.permissive };
  const decide = (action: ActionRequest): Decision | 'need_body' => decideByGeneration(generation, action, agent, at);
  const whole = (bytes: Uint8Array | null): Exclude<Body, { kind: 'unread' }> => {
    if (bytes === null || bytes.length === 0) return { kind: 'none' };
    return bytes.length > one.inspect_bytes ? { kind: 'too_large' } : { kind: 'bytes', bytes };
  };
  if (tool !== null) {
    const given = whole(args === null ? null : new TextEncoder().encode(args));
    return textOf(decide({ tool, args: given, method, url }));
  }
  const body = whole(body64 === null ? null : fromBase64(body64));
  const http = { method, url: url ?? '', headers };
  // As a transport does: a body is first held back.
  const first = decide({ ...http, body: body.kind === 'none' ? NONE : { kind: 'unread' } });
  return textOf(first === 'need_body' ? decide({ ...http, body }) : first);
}

function textOf(decision: Decision | 'need_body'): string {
  return decision === 'need_body' ? decision : answerText(decision);
}
