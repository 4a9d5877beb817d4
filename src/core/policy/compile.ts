/**
 * From a checked policy to the program that the engine runs.
 *
 *   in   : a policy after every check
 *   out  : bytes (program/format.ts), or the bound of the engine that the policy exceeds
 *   never: judges; what the rules mean is the engine's business
 */
import { MIB } from '../limits.js';
import type { CheckedPolicy } from './checked.js';
import type { PolicyIssue } from './issues.js';
import { Automata } from './program/automata.js';
import { encodeBodySection } from './program/body.js';
import {
  BODY_HEADERS,
  FLAG_DEFAULT_ALLOW,
  FLAG_EVERY_AGENT,
  H,
  LIMIT_WORDS,
  METHOD_HEADERS,
  WINDOW_WORDS,
  ZONE_WORDS,
} from './program/format.js';
import { ranks } from './program/rank.js';
import { RuleTable } from './program/rule-table.js';
import { UrlIndex } from './program/url-index.js';
import { assemble, HashTable, Strings } from './program/writer.js';

export type Compiled =
  | { readonly ok: true; readonly program: Uint8Array }
  | { readonly ok: false; readonly issues: readonly PolicyIssue[] };

/** An engine's memory holds the program and its working tables; 100,000 long rules stay well below. */
const PROGRAM_MAX_BYTES = 256 * MIB;
const NOWHERE = { code: 'bound_exceeded', line: null, column: null, suggestion: 'split the policy' } as const;
const tooLong = (bytes: number): string => `the compiled policy has ${bytes} bytes; the most is ${PROGRAM_MAX_BYTES}`;

export function compileProgram(policy: CheckedPolicy): Compiled {
  const strings = new Strings();
  const hash = new HashTable(strings);
  const index = new UrlIndex();
  const automata = new Automata();
  const table = new RuleTable(strings, hash, automata);
  const rank = ranks(policy.rules);
  policy.rules.forEach((rule, i) => {
    table.add(rule, i, rank[i]!);
    if (rule.matcher.url?.kind === 'parts') index.add(rule.matcher.url, i);
  });
  const body = encodeBodySection({ matchers: table.bodyMatchers, fields: table.bodyFields, automata });

  const url = index.words(strings, hash);
  const flags =
    (policy.defaultResult === 'allow' ? FLAG_DEFAULT_ALLOW : 0) | (policy.agents === null ? FLAG_EVERY_AGENT : 0);
  const head = new Map<number, number>([
    [H.flags, flags],
    [H.bodyMatchers, table.bodyMatchers.length],
    [H.bodyFields, table.bodyFields.length],
    [H.anyRoot, url.anyRoot],
    [H.hostNode, url.hostNode],
    [H.methodIds, table.methodIds],
  ]);
  [...METHOD_HEADERS, ...BODY_HEADERS].forEach((name, i) => {
    head.set(H.special + i, table.headerSlot(name));
  });
  const refs = (texts: readonly string[]): number[] => texts.flatMap(text => strings.ref(text));
  const sections = [
    { head: H.rules, width: 20, words: table.rules },
    { head: H.nodes, width: 8, words: url.nodes },
    { head: H.globs, width: 3, words: url.globs },
    { head: H.roots, width: 3, words: url.roots },
    { head: H.terms, width: 1, words: url.terms },
    { head: H.always, width: 1, words: table.always },
    { head: H.fields, width: 16, words: table.fields },
    { head: H.lists, width: 2, words: table.lists },
    { head: H.methods, width: 1, words: table.methods },
    { head: H.windows, width: WINDOW_WORDS, words: table.windows },
    { head: H.zones, width: ZONE_WORDS, words: table.zones },
    { head: H.limits, width: LIMIT_WORDS, words: table.limits },
    { head: H.headers, width: 2, words: refs(table.headerNames) },
    { head: H.agents, width: 2, words: refs(policy.agents ?? []) },
    { head: H.hash, width: 4, words: hash.words() },
  ];
  const program = assemble(head, sections, strings, [
    { head: H.body, size: body.section.length, bytes: body.section },
    { head: H.automata, size: automata.count, bytes: automata.encode() },
  ]);
  if (program.length <= PROGRAM_MAX_BYTES) return { ok: true, program };
  return { ok: false, issues: [{ ...NOWHERE, message: tooLong(program.length) }] };
}
