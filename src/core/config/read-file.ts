/**
 * The text of `checkrd.yaml`.
 *
 *   in   : the text
 *   out  : every setting given, with its value as written and its place; or issues
 *   never: knows defaults, other sources, or what a value must be
 *
 * Plain YAML 1.2 only: one document, no anchors, aliases, tags or merge keys. Nothing is silently ignored.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';
import { nearest } from '../policy/suggest.js';
import { SETTING_KEYS } from './keys.js';
import type { SettingsIssue, SettingsIssueCode } from './settings.js';

/** A value as written: scalars by their own text, so that `1e3` is no whole number. */
export type Written =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'boolean'; readonly value: boolean }
  | { readonly is: 'number'; readonly text: string }
  | { readonly is: 'null' }
  | { readonly is: 'list'; readonly items: readonly At<Written>[] }
  | { readonly is: 'mapping'; readonly entries: readonly { readonly key: At<string>; readonly value: At<Written> }[] };

export interface At<T> {
  readonly value: T;
  readonly line: number;
  readonly column: number;
}

export type ReadFile = { readonly given: ReadonlyMap<string, At<Written>>; readonly issues: readonly SettingsIssue[] };

const GROUPS = new Set(SETTING_KEYS.filter(k => k.name.includes('.')).map(k => k.name.split('.')[0]!));

export function readSettingsFile(path: string, text: string): ReadFile {
  const reader = new Reader(path, text);
  const root = reader.root();
  const given = new Map<string, At<Written>>();
  if (root !== null && reader.issues.length === 0) {
    if (root.value.is !== 'mapping')
      reader.say(root, 'wrong_type', 'the settings must be a mapping', 'write `name: value`');
    else for (const { key, value } of root.value.entries) place(reader, given, '', key, value);
  }
  return { given, issues: reader.issues };
}

/** Files `value` under its name; goes one level down where a group (`audit:`) begins. */
function place(r: Reader, given: Map<string, At<Written>>, prefix: string, key: At<string>, value: At<Written>): void {
  const name = prefix + key.value;
  if (prefix === '' && GROUPS.has(name)) {
    if (value.value.is !== 'mapping') {
      r.say(value, 'wrong_type', `\`${name}\` must be a mapping`, `write its settings indented below \`${name}:\``);
    } else for (const entry of value.value.entries) place(r, given, `${name}.`, entry.key, entry.value);
    return;
  }
  if (SETTING_KEYS.some(k => k.name === name)) {
    given.set(name, value);
    return;
  }
  const here = SETTING_KEYS.filter(k => k.name.startsWith(prefix)).map(k => k.name.slice(prefix.length).split('.')[0]!);
  const elsewhere = SETTING_KEYS.find(k => k.name.split('.').at(-1) === key.value)?.name;
  const meant = nearest(key.value, here);
  r.say(
    key,
    'unknown_key',
    `\`${name}\` is no setting`,
    meant !== null
      ? `did you mean \`${meant}\`?`
      : elsewhere !== undefined
        ? `did you mean \`${elsewhere.split('.').join('`, below it `')}\`?`
        : 'docs/settings.md lists them',
  );
}

class Reader {
  readonly issues: SettingsIssue[] = [];
  private readonly lines = new LineCounter();
  constructor(
    private readonly path: string,
    private readonly text: string,
  ) {}

  say(at: { line: number; column: number }, code: SettingsIssueCode, message: string, suggestion: string): void {
    const { line, column } = at;
    this.issues.push({ code, place: `${this.path}:${line}:${column}`, line, column, message, suggestion });
  }

  root(): At<Written> | null {
    const docs = parseAllDocuments(this.text, {
      lineCounter: this.lines,
      version: '1.2',
      schema: 'core',
      merge: false,
      stringKeys: false,
      uniqueKeys: true,
      prettyErrors: false,
    });
    if (!Array.isArray(docs) || docs.length === 0) return null;
    for (const problem of docs.flatMap(d => [...d.errors, ...d.warnings])) {
      if (problem.code === 'DUPLICATE_KEY')
        this.say(this.at(problem.pos[0]), 'duplicate_key', 'this setting is written twice', 'keep one');
      else
        this.say(
          this.at(problem.pos[0]),
          'syntax',
          `this is not plain YAML (${problem.code.toLowerCase().replaceAll('_', ' ')})`,
          'check indentation and quotes here',
        );
    }
    if (this.issues.length > 0) return null;
    if (docs.length > 1) {
      this.say(this.at(docs[1]!.range[0]), 'syntax', 'settings are one document', 'remove what follows `---`');
      return null;
    }
    const contents = docs[0]!.contents as Node | null;
    if (contents === null || (isScalar(contents) && contents.value === null)) return null;
    return this.node(contents);
  }

  private at(offset: number): { line: number; column: number } {
    const { line, col } = this.lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  private node(node: Node): At<Written> {
    const at = this.at(node.range?.[0] ?? 0);
    if (isAlias(node) || ('anchor' in node && node.anchor !== undefined) || node.tag !== undefined) {
      this.say(at, 'syntax', 'settings take no anchors, aliases or tags', 'write the value out');
      return { ...at, value: { is: 'null' } };
    }
    if (isScalar(node)) return { ...at, value: scalar(node.value, node.source ?? String(node.value)) };
    if (isSeq(node)) return { ...at, value: { is: 'list', items: node.items.map(item => this.node(item as Node)) } };
    if (!isMap(node)) return { ...at, value: { is: 'null' } };
    const entries = node.items.map(pair => {
      const key = pair.key as Node;
      const keyAt = this.at(key.range?.[0] ?? 0);
      if (!isScalar(key) || typeof key.value !== 'string') {
        this.say(keyAt, 'syntax', 'a setting begins with its name', 'write `name: value`');
      }
      const name = isScalar(key) ? String(key.value) : '';
      const value = pair.value === null ? { ...keyAt, value: { is: 'null' } as const } : this.node(pair.value as Node);
      return { key: { ...keyAt, value: name }, value };
    });
    return { ...at, value: { is: 'mapping', entries } };
  }
}

function scalar(value: unknown, source: string): Written {
  if (typeof value === 'string') return { is: 'text', text: value };
  if (typeof value === 'boolean') return { is: 'boolean', value };
  if (typeof value === 'number' || typeof value === 'bigint') return { is: 'number', text: source };
  return { is: 'null' };
}
