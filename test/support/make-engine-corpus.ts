/**
 * Makes `engine/corpus.jsonl`: generated policies and requests, chosen so that every code and matcher decides something,
 * with the answers of the reference evaluator. Never asks an engine.
 */
import { createHash } from 'node:crypto';
import { answerText, type CorpusAsk, type CorpusCase } from '#src/agent/engine/corpus.js';
import { checkAction } from '#src/core/decide/tool-request.js';
import type { Decision } from '#src/core/decide/types.js';
import { LayeredOracle } from './oracle/layered.js';
import { type Asked, Oracle, type Said } from './oracle/oracle.js';
import { policy } from './oracle/policies.js';
import { STARTS, textOf } from './oracle/pools.js';
import { Random } from './oracle/random.js';
import { requests } from './oracle/requests.js';
import { caseOf, keysIn, ruleNamed, WANTED } from './oracle/run.js';

const SEED = 20_261_121;
/** Generated policies that are looked through. */
const LOOKED_THROUGH = 1500;
/** How often each code and matcher must have decided. */
const OFTEN = 2;

/** What is decided by the reference, in the words of the corpus. */
export function saidText(said: Said & { readonly layer?: string | null }): string {
  const { result, enforced, code, rule, kind, uncertain, waitMs, shadowRules, layer = null } = said;
  return answerText({
    ...{ result, enforced, code: code as Decision['code'], matchedRule: rule, uncertain, shadowRules, reason: '' },
    matchedRuleKind: kind as Decision['matchedRuleKind'],
    retryAfterMs: waitMs,
    ...(layer === null ? {} : { policyLayer: layer }),
  });
}

/** Decides as the policy language's text says; several documents are a policy and its layers. */
export function reference({ documents, inspect_bytes: inspectBytes, permissive }: Omit<CorpusCase, 'asks'>) {
  const options = { inspectBytes, permissive };
  const [first = ''] = documents;
  return documents.length === 1 ? new Oracle(first, options) : new LayeredOracle(documents, options);
}

/** A request as the reference takes it. */
export function askedOf([method, url, headers, body, tool, args]: CorpusAsk): Asked {
  return { method, url, headers, body: body === null ? null : new Uint8Array(Buffer.from(body, 'base64')), tool, args };
}

/** What of the language each answer of a case shows. */
export function shows({ documents }: CorpusCase, said: Said, asked: Asked): readonly string[] {
  const keys = [said.code, ...(said.uncertain ? ['uncertain'] : []), ...(said.enforced ? [] : ['let pass'])];
  if (said.shadowRules.length > 0) keys.push('shadowed');
  if (said.hint !== null) keys.push('hinted');
  if (said.rule === null) return keys;
  if (asked.tool !== null) keys.push('tool call by rule');
  if (asked.headers.some(([name]) => name.toLowerCase() === 'content-encoding')) keys.push('encoded');
  if (asked.body?.slice(0, -1).includes(0x0a)) keys.push('lines');
  for (const text of documents) keys.push(...keysIn(ruleNamed({ policy: JSON.parse(text) }, said.rule)));
  return keys;
}

export const MUST_SHOW: readonly string[] = [...WANTED, 'limit_keys_exhausted'];

function withAnswers(one: CorpusCase): CorpusCase {
  const oracle = reference(one);
  const asks = one.asks.map((ask): CorpusAsk => {
    const [method, url, headers, body, tool, args, agent, atMs, , times = 1] = ask;
    let said = '';
    for (let n = 0; n < times; n++) said = saidText(oracle.decide(askedOf(ask), agent.replace('{n}', String(n)), atMs));
    return [
      method,
      url,
      headers,
      body,
      tool,
      args,
      agent,
      atMs,
      said,
      ...(times === 1 ? [] : ([times] as const)),
    ] as CorpusAsk;
  });
  return { ...one, asks };
}

/** None: the edge would have refused it before any engine saw it. */
function askOf({ method, url, headers, body, tool, args }: Asked, agent: string, atMs: number): readonly CorpusAsk[] {
  const valid = checkAction(tool === null ? { method, url: url ?? '', headers } : { tool, method, url });
  if (!valid.ok) return [];
  const base64 = body === null ? null : Buffer.from(body).toString('base64');
  return [[method, valid.url, headers, base64, tool, args, agent, atMs, '']];
}

function single(number: number): CorpusCase {
  const { policy: made, startMs, options, asked } = caseOf(SEED, number);
  let atMs = startMs;
  const asks = asked.flatMap(timed => {
    atMs += timed.later;
    return askOf(timed.asked, timed.agent, atMs);
  });
  return withAnswers({
    documents: [textOf(made)],
    inspect_bytes: options.inspectBytes,
    permissive: options.permissive,
    asks,
  });
}

function layered(number: number): CorpusCase {
  const random = new Random(SEED + number);
  const made = [policy(random), policy(random)].map(({ agents: _, ...one }, i) =>
    i === 0 ? one : { ...one, default: 'allow', rules: (one.rules as object[]).filter(rule => !('deny' in rule)) },
  );
  let atMs = random.pick(STARTS);
  const asks = made
    .flatMap(one => requests(random, one, 12))
    .flatMap(timed => {
      atMs += timed.later;
      return askOf(timed.asked, timed.agent, atMs);
    });
  return withAnswers({ documents: made.map(textOf), inspect_bytes: 65_536, permissive: false, asks });
}

/** More agents than a limit has room for. */
const FULL: CorpusCase = {
  documents: ['{"default":"allow","rules":[{"name":"few","limit":{"calls_per_hour":2,"per":"agent"}}]}'],
  inspect_bytes: 65_536,
  permissive: false,
  asks: [
    ['GET', 'https://api.example.com/', [], null, null, null, 'agent-{n}', 1_767_787_200_000, '', 10_000],
    ['GET', 'https://api.example.com/', [], null, null, null, 'one-more', 1_767_787_200_001, ''],
    ['GET', 'https://api.example.com/', [], null, null, null, 'agent-7', 1_767_787_200_002, ''],
    ['GET', 'https://api.example.com/', [], null, null, null, 'agent-7', 1_767_787_200_003, ''],
    ['GET', 'https://api.example.com/', [], null, null, null, 'one-more', 1_767_791_000_000, ''],
  ],
};

/** What an edge refuses, an engine refuses as well. */
const INVALID: CorpusCase = {
  documents: ['{"default":"allow","rules":[{"name":"no-admin","deny":{"url":"api.example.com/admin/**"}}]}'],
  inspect_bytes: 65_536,
  permissive: false,
  asks: [
    'https://user@api.example.com/',
    'https://user:word@api.example.com/admin/a',
    'https://api.example.com/v1',
    'https://a..b/',
    'file:///etc/passwd',
    'ftp://api.example.com/',
    `https://api.example.com/${'a/'.repeat(300)}`,
    'https://api.example.com/admin',
    'https://api.example.com:8443/admin/a?b=c',
  ].map(url => ['GET', url, [], null, null, null, 'default', 1_767_787_200_000, ''] as const),
};

export function makeCorpus(): readonly CorpusCase[] {
  const seen = new Map<string, number>();
  const kept: CorpusCase[] = [];
  const keep = (one: CorpusCase, cap: number): void => {
    const text = JSON.stringify(one);
    const oracle = reference(one);
    const shown = one.asks.flatMap(ask => shows(one, oracle.decide(askedOf(ask), ask[6], ask[7]), askedOf(ask)));
    const news = MUST_SHOW.filter(key => shown.includes(key) && (seen.get(key) ?? 0) < OFTEN);
    if (text.length > cap || news.length === 0) return;
    for (const key of shown) seen.set(key, (seen.get(key) ?? 0) + 1);
    kept.push(one);
  };
  for (let n = 0; n < 4; n++) kept.push(layered(n));
  for (let n = 0; n < LOOKED_THROUGH; n++) keep(single(n), 8_000);
  return [...kept, withAnswers(FULL), withAnswers(INVALID)];
}

export const corpusText = (corpus: readonly CorpusCase[]): string =>
  corpus.map(one => `${JSON.stringify(one)}\n`).join('');

export const digestOf = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
