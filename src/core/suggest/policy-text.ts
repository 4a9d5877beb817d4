/**
 * Families as a policy in YAML that denies by default and allows exactly them.
 *
 * Texts of the log stand in double quotes, or in comments, without a character that does not show: whatever the log says, what
 * is written is one policy, loads, and reads as it decides.
 */
import { boundedText } from '../audit/text.js';
import { utf8 } from '../bytes.js';
import { RULE_NAME_MAX_BYTES } from '../limits.js';
import type { Families, Family } from './families.js';
import { quotedText, shownText } from './shown.js';
import { testsText } from './tests-text.js';

const COMMENT_MAX_BYTES = 1200;

/** @param agent The agent it is for, null: every one. */
export function policyText(families: Families, agent: string | null): string {
  const list = families.list();
  const names = ruleNames(list);
  const rules = list.map((family, i) => ruleText(family, names[i] ?? family.name));
  const lines = [
    `Proposed by \`checkrd suggest\` from ${plural(families.calls, 'call')} to ${whom(list)}${span(list)}.`,
    'It allows what was seen and nothing else. Read every rule before you use it: a log shows what was done, not what should be.',
    'A log holds no ports, headers, queries, bodies and arguments: each rule takes the usual port and any of the others.',
    ...once(list, names),
    ...counted('Not covered by a rule', families.uncovered),
    ...counted('No evidence', families.noEvidence),
  ];
  const agents = agent === null ? '' : `agents: [${quotedText(agent)}]\n`;
  const body = rules.length === 0 ? 'rules: []\n' : `rules:\n${rules.join('')}`;
  return `${lines.map(comment).join('')}\ndefault: deny\n${agents}${body}${testsText(list, names, agent)}`;
}

function ruleText({ kind, pattern, methods, count, first, last, widened }: Family, name: string): string {
  const by = [...methods].sort(([a], [b]) => (a < b ? -1 : 1));
  const list = by.map(([method]) => quotedText(method)).join(', ');
  const when = first === last ? `at ${first}` : `${first} to ${last}`;
  return [
    `  ${comment(`${plural(count, 'call')} (${by.map(([method, n]) => `${method} ${n}`).join(', ')}), ${when}`)}`,
    widened
      ? `  ${comment('`*` stands for a character that a pattern cannot hold: it allows more than was seen')}`
      : '',
    `  - name: ${quotedText(name)}\n`,
    kind === 'tool'
      ? `    allow: { tool: ${quotedText(pattern)} }\n`
      : `    allow: { method: [${list}], url: ${quotedText(pattern)} }\n`,
  ].join('');
}

/** Stable: a name depends on its own address only. */
function ruleNames(list: readonly Family[]): readonly string[] {
  return list.map(({ name }) => {
    const plain = name.replaceAll(',', '%2C');
    return plain === name && utf8(plain).length <= RULE_NAME_MAX_BYTES
      ? plain
      : `${boundedText(plain, RULE_NAME_MAX_BYTES - 10)}~${digest(name)}`;
  });
}

/** Tells long names with one beginning apart; 52 bits are plenty for {@link Families}. */
function digest(text: string): string {
  let hash = 0;
  for (const byte of utf8(text)) hash = (hash * 257 + byte + 1) % 4_503_599_627_371;
  return hash.toString(36).padStart(9, '0').slice(-9);
}

function once(list: readonly Family[], names: readonly string[]): readonly string[] {
  const rare = names.filter((_, i) => list[i]?.count === 1);
  return rare.length === 0 ? [] : ['Seen only once:', ...rare.map(name => `  ${name}`)];
}

function counted(title: string, counts: ReadonlyMap<string, number>): readonly string[] {
  return counts.size === 0 ? [] : [`${title}:`, ...[...counts].map(([what, n]) => `  ${n} ${what}`)];
}

function span(list: readonly Family[]): string {
  if (list.length === 0) return '';
  const first = list.reduce((least, { first: at }) => (at < least ? at : least), list[0]?.first ?? '');
  const last = list.reduce((most, { last: at }) => (at > most ? at : most), list[0]?.last ?? '');
  return `, ${first} to ${last}`;
}

/** `2 hosts and 1 tool`. */
function whom(list: readonly Family[]): string {
  const tools = list.filter(({ kind }) => kind === 'tool').length;
  const hosts = new Set(list.flatMap(({ host }) => (host === null ? [] : [host]))).size;
  if (tools === 0) return plural(hosts, 'host');
  return hosts === 0 ? plural(tools, 'tool') : `${plural(hosts, 'host')} and ${plural(tools, 'tool')}`;
}

const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
const comment = (text: string): string => `# ${shownText(boundedText(text, COMMENT_MAX_BYTES))}\n`;
