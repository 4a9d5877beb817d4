/**
 * The rows of rules and what they refer to: methods, fields, windows, limits.
 */
import type {
  BodyMatcher,
  CheckedRule,
  FieldMatcher,
  JsonPath,
  Scheme,
  StringTest,
  TimeMatcher,
  UrlPattern,
  Zone,
} from '../checked.js';
import type { Automata } from './automata.js';
import {
  BODY_HEADERS,
  EFFECTS,
  LIMIT_KEYS,
  METHOD_HEADERS,
  OWNER_METHODS,
  PORT_ANY,
  PORT_DEFAULT,
  RULE_SHADOW,
  RULE_TOOL_CALLS,
  RULE_TOOL_NAMES,
  SCHEMES,
  WINDOW_WORDS,
} from './format.js';
import type { HashTable, Ref, Strings } from './writer.js';

const NO_TEXT = '';
const bitOf = (scheme: Scheme): number => 1 << SCHEMES.indexOf(scheme);
const WITHOUT_TCP = SCHEMES.filter(scheme => scheme !== 'tcp').reduce((sum, scheme) => sum | bitOf(scheme), 0);

export class RuleTable {
  readonly rules: number[] = [];
  readonly always: number[] = [];
  readonly fields: number[] = [];
  readonly lists: number[] = [];
  readonly methods: number[] = [];
  readonly windows: number[] = [];
  readonly zones: number[] = [];
  readonly limits: number[] = [];
  readonly bodyMatchers: BodyMatcher[] = [];
  readonly bodyFields: JsonPath[] = [];
  readonly #headers = new Map<string, number>();
  readonly #methodIds = new Map<string, number>();
  readonly #fieldIds = new Map<string, number>();
  readonly #zoneIds = new Map<number | string, number>();

  constructor(
    private readonly strings: Strings,
    private readonly hash: HashTable,
    private readonly automata: Automata,
  ) {}

  get headerNames(): readonly string[] {
    return [...this.#headers.keys()];
  }

  get methodIds(): number {
    return this.#methodIds.size;
  }

  /** Index + 1 of a header that is read, 0 when no rule needs it. */
  headerSlot(name: string): number {
    const index = this.#headers.get(name);
    return index === undefined ? 0 : index + 1;
  }

  add(rule: CheckedRule, index: number, rank: number): void {
    const { matcher, effect } = rule;
    const parts = matcher.url?.kind === 'parts' ? matcher.url : null;
    if (parts === null && matcher.tools === null) this.always.push(index);
    if (matcher.methods !== null) for (const name of METHOD_HEADERS) this.#header(name);
    const fieldOfLimit = effect.kind === 'limit' && effect.field !== null;
    if (matcher.methods !== null || matcher.body.length > 0 || fieldOfLimit) {
      for (const name of BODY_HEADERS) this.#header(name);
    }
    const firstBody = this.bodyMatchers.length;
    this.bodyMatchers.push(...matcher.body, ...matcher.args);
    const { rules } = this;
    rules.push(EFFECTS.indexOf(effect.kind), rank);
    append(rules, urlWords(parts, effect.kind === 'deny'));
    append(rules, this.#methodWords(matcher.methods));
    append(rules, this.#fieldWords(matcher.query, false));
    append(rules, this.#fieldWords(matcher.headers, true));
    rules.push(firstBody, matcher.body.length);
    append(rules, this.#timeWords(matcher.time));
    rules.push(this.#limitSlot(rule, index), flagsOf(rule), firstBody + matcher.body.length, matcher.args.length);
  }

  #header(name: string): number {
    let index = this.#headers.get(name);
    if (index === undefined) {
      index = this.#headers.size;
      this.#headers.set(name, index);
    }
    return index;
  }

  #methodWords(methods: readonly string[] | null): number[] {
    if (methods === null) return [0, 0, 0];
    if (methods.includes('*')) return [1, 0, 0];
    const start = this.methods.length;
    for (const method of new Set(methods.map(upper))) {
      let id = this.#methodIds.get(method);
      if (id === undefined) {
        id = this.#methodIds.size;
        this.#methodIds.set(method, id);
        this.hash.add(OWNER_METHODS, method, id);
      }
      this.methods.push(id);
    }
    return [2, start, this.methods.length - start];
  }

  #fieldWords(matchers: readonly FieldMatcher[], inHeaders: boolean): number[] {
    const start = this.fields.length / 16;
    for (const matcher of matchers) {
      const header = inHeaders ? this.#header(matcher.name) + 1 : 0;
      const kind = matcher.kind === 'absent' ? 0 : 1;
      const test: StringTest = matcher.kind === 'absent' ? {} : matcher.test;
      this.fields.push(kind, ...this.strings.ref(matcher.name), header, ...this.#testWords(test));
    }
    return [start, matchers.length];
  }

  #testWords(test: StringTest): number[] {
    const given = (text: string | undefined): Ref => this.strings.ref(text ?? NO_TEXT);
    const ops =
      (test.exact === undefined ? 0 : 1) |
      (test.in === undefined ? 0 : 2) |
      (test.prefix === undefined ? 0 : 4) |
      (test.suffix === undefined ? 0 : 8) |
      (test.contains === undefined ? 0 : 16);
    const list = this.#listWords(test.in ?? []);
    const automaton = test.regex === undefined ? 0 : this.automata.index(test.regex.automaton) + 1;
    const parts = [...given(test.prefix), ...given(test.suffix), ...given(test.contains)];
    return [ops, ...given(test.exact), ...list, ...parts, automaton];
  }

  /** Sorted by length, then bytes, as the engine searches. */
  #listWords(texts: readonly string[]): number[] {
    const start = this.lists.length / 2;
    const encoder = new TextEncoder();
    const sorted = [...new Set(texts)].map(text => ({ text, bytes: encoder.encode(text) }));
    sorted.sort((a, b) => a.bytes.length - b.bytes.length || compareBytes(a.bytes, b.bytes));
    for (const { text } of sorted) this.lists.push(...this.strings.ref(text));
    return [start, sorted.length];
  }

  #timeWords(time: TimeMatcher | null): number[] {
    if (time === null) return [0, 0, 0];
    const start = this.windows.length / WINDOW_WORDS;
    for (const w of time.windows) this.windows.push(w.kind === 'within' ? 0 : 1, w.startMinute, w.endMinute, w.days);
    return [start, time.windows.length, this.#zoneId(time.zone)];
  }

  #zoneId(zone: Zone): number {
    const key = zone.kind === 'offset' ? zone.minutes : zone.name;
    let id = this.#zoneIds.get(key);
    if (id === undefined) {
      id = this.#zoneIds.size;
      this.#zoneIds.set(key, id);
      if (zone.kind === 'offset') this.zones.push(0, 0, (zone.minutes * 60) >>> 0);
      else this.zones.push(...this.strings.ref(zone.name), 0);
    }
    return id;
  }

  #limitSlot(rule: CheckedRule, index: number): number {
    const { effect } = rule;
    if (effect.kind !== 'limit') return 0;
    const field = effect.field === null ? NO_TEXT : JSON.stringify(effect.field);
    this.limits.push(index, effect.calls, effect.windowMs, LIMIT_KEYS.indexOf(effect.per));
    this.limits.push(effect.field === null ? 0 : this.#fieldId(effect.field, field));
    this.limits.push(...this.strings.ref(rule.name), ...this.strings.ref(field));
    return this.limits.length / 9;
  }

  #fieldId(path: JsonPath, json: string): number {
    let id = this.#fieldIds.get(json);
    if (id === undefined) {
      id = this.bodyFields.push(path) - 1;
      this.#fieldIds.set(json, id);
    }
    return id;
  }
}

/** Word by word: a spread asks an iterator for each, and there may be 100,000 rules. */
function append(to: number[], words: readonly number[]): void {
  for (let i = 0; i < words.length; i++) to.push(words[i]!);
}

const upper = (method: string): string => method.toUpperCase();

function flagsOf({ matcher, shadow }: CheckedRule): number {
  const named = matcher.tools !== null;
  const toolCalls = named || matcher.args.length > 0;
  return (shadow ? RULE_SHADOW : 0) | (toolCalls ? RULE_TOOL_CALLS : 0) | (named ? RULE_TOOL_NAMES : 0);
}

function urlWords(parts: Extract<UrlPattern, { kind: 'parts' }> | null, deny: boolean): number[] {
  if (parts === null) return [0, 0, PORT_ANY, 0];
  const bits = parts.scheme === null ? WITHOUT_TCP : bitOf(parts.scheme);
  const pathAny = parts.path.length === 1 && parts.path[0]!.kind === 'many' ? 1 : 0;
  return [1, bits, portWord(parts.port, deny || parts.host.kind === 'any'), pathAny];
}

function portWord(port: number | 'any' | null, anyWhenAbsent: boolean): number {
  if (port === null) return anyWhenAbsent ? PORT_ANY : PORT_DEFAULT;
  return port === 'any' ? PORT_ANY : port;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
