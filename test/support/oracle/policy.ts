/**
 * A policy from its JSON text, as §2 to §5 of the language say. The text is known to load, so nothing is checked here;
 * nothing of the product's own reader is used, so that its mistakes are found too.
 */
import { type PathStep, parsePath } from './body-path.js';
import { type Node, parseJson } from './json.js';
import type { EffectKind } from './three.js';
import { type TimeTest, timeOf } from './time.js';

export interface Policy {
  /** Null: every agent. */
  readonly agents: readonly string[] | null;
  readonly defaultAllows: boolean;
  readonly dryRun: boolean;
  readonly rules: readonly Rule[];
}

export interface Rule {
  readonly name: string;
  readonly kind: EffectKind;
  readonly shadow: boolean;
  readonly hint: string | null;
  readonly methods: readonly string[] | null;
  readonly url: string | null;
  readonly query: readonly FieldTest[];
  readonly headers: readonly FieldTest[];
  readonly body: readonly BodyTest[];
  readonly tool: readonly string[] | null;
  readonly args: readonly BodyTest[];
  readonly time: TimeTest | null;
  readonly limit: Limit | null;
}

export interface Limit {
  readonly calls: number;
  readonly windowMs: number;
  readonly per: string;
  readonly field: readonly PathStep[] | null;
}

/** Operators of §3.3 as written. */
export interface FieldTest {
  readonly name: string;
  readonly present: boolean | null;
  readonly exact: string | null;
  readonly in: readonly string[] | null;
  readonly text: TextTest;
}

/** The operators on text that queries, headers and bodies share. */
export interface TextTest {
  readonly prefix: string | null;
  readonly suffix: string | null;
  readonly contains: string | null;
  readonly regex: string | null;
}

export interface BodyTest {
  readonly path: readonly PathStep[];
  readonly exists: boolean | null;
  readonly exact: Node | null;
  readonly in: readonly Node[] | null;
  readonly notIn: readonly Node[] | null;
  /** As written. */
  readonly min: string | null;
  readonly max: string | null;
  readonly text: TextTest;
}

const WINDOWS = {
  calls_per_second: 1_000,
  calls_per_minute: 60_000,
  calls_per_hour: 3_600_000,
  calls_per_day: 86_400_000,
} as const;

export function readPolicy(text: string): Policy {
  const root = parseJson(new TextEncoder().encode(text));
  if (root === null) throw new Error(`no JSON: ${text}`);
  return {
    agents: textsAt(root, 'agents'),
    defaultAllows: textAt(root, 'default') === 'allow',
    dryRun: textAt(root, 'mode') === 'dry_run',
    rules: listAt(root, 'rules').map(readRule),
  };
}

function readRule(rule: Node): Rule {
  const kind = (['allow', 'deny', 'limit'] as const).find(key => at(rule, key) !== null);
  if (kind === undefined) throw new Error('a rule without an effect');
  const effect = at(rule, kind) as Node;
  // Matcher keys stand inside the effect or beside it; `mode`, `name` and the like only beside.
  const given = (key: string): Node | null => at(effect, key) ?? at(rule, key);
  return {
    name: textAt(rule, 'name') ?? '',
    kind,
    shadow: textAt(rule, 'mode') === 'dry_run',
    hint: textAt(rule, 'hint'),
    methods: texts(given('method'))?.map(method => method.toUpperCase()) ?? null,
    url: text(given('url')),
    query: list(given('query')).map(readField),
    headers: list(given('headers')).map(readField),
    body: list(given('body')).map(readBody),
    tool: texts(given('tool')),
    args: list(given('args')).map(readBody),
    time: timeOf({
      within: text(given('time_within')),
      outside: text(given('time_outside')),
      days: texts(given('days')),
      zone: text(given('timezone')) ?? 'UTC',
    }),
    limit: kind === 'limit' ? readLimit(effect) : null,
  };
}

function readLimit(effect: Node): Limit {
  for (const [key, windowMs] of Object.entries(WINDOWS)) {
    const calls = numberAt(effect, key);
    if (calls === null) continue;
    const field = textAt(effect, 'field');
    const per = textAt(effect, 'per') ?? '';
    return { calls: Number(calls), windowMs, per, field: field === null ? null : parsePath(field) };
  }
  throw new Error('a limit without a number');
}

function readField(field: Node): FieldTest {
  return {
    name: textAt(field, 'name') ?? '',
    present: booleanAt(field, 'present'),
    exact: textAt(field, 'exact'),
    in: textsAt(field, 'in'),
    text: readText(field),
  };
}

const readText = (given: Node): TextTest => ({
  prefix: textAt(given, 'prefix'),
  suffix: textAt(given, 'suffix'),
  contains: textAt(given, 'contains'),
  regex: textAt(given, 'regex'),
});

function readBody(body: Node): BodyTest {
  return {
    path: parsePath(textAt(body, 'jsonpath') ?? ''),
    exists: booleanAt(body, 'exists'),
    exact: at(body, 'exact'),
    in: at(body, 'in') === null ? null : listAt(body, 'in'),
    notIn: at(body, 'not_in') === null ? null : listAt(body, 'not_in'),
    min: numberAt(body, 'min'),
    max: numberAt(body, 'max'),
    text: readText(body),
  };
}

const at = (node: Node, key: string): Node | null =>
  node.type === 'object' ? (node.members.find(([name]) => name === key)?.[1] ?? null) : null;
/** A single value counts as a list of one. */
const list = (node: Node | null): readonly Node[] => (node === null ? [] : node.type === 'array' ? node.items : [node]);
const text = (node: Node | null): string | null => (node?.type === 'string' ? node.value : null);
const texts = (node: Node | null): readonly string[] | null =>
  node === null ? null : list(node).map(item => text(item) ?? '');
const textAt = (node: Node, key: string): string | null => text(at(node, key));
const textsAt = (node: Node, key: string): readonly string[] | null => texts(at(node, key));
const listAt = (node: Node, key: string): readonly Node[] => list(at(node, key));
const numberAt = (node: Node, key: string): string | null => {
  const found = at(node, key);
  return found?.type === 'number' ? found.text : null;
};
const booleanAt = (node: Node, key: string): boolean | null => {
  const found = at(node, key);
  return found?.type === 'boolean' ? found.value : null;
};
