/**
 * Reads one mapping of the policy by its table of keys.
 *
 *   in   : a node that should be a mapping, and the table
 *   out  : the values that are of the right type; everything else has become an issue
 *   never: lets a key or a type pass unseen
 */
import type { ListNode, MapEntry, MapNode, NodeKind, TreeNode } from '../json/tree.js';
import { readDecimal, safeInteger } from './decimal.js';
import type { KeyRow, KeyTable, ValueType } from './definition.js';
import { type IssueList, quoted } from './issue-list.js';
import { didYouMean, nearest } from './suggest.js';

const KINDS: Readonly<Record<ValueType, readonly NodeKind[]>> = {
  string: ['string'],
  boolean: ['boolean'],
  integer: ['number'],
  number: ['number'],
  operand: ['string', 'number', 'boolean', 'null'],
  list: ['list'],
  map: ['map'],
  string_or_list: ['string', 'list'],
  map_or_list: ['map', 'list'],
  string_map_or_list: ['string', 'map', 'list'],
};

const KIND_NAMES: Readonly<Record<NodeKind, string>> = {
  map: 'a mapping',
  list: 'a list',
  string: 'a string',
  number: 'a number',
  boolean: 'a boolean',
  null: 'nothing',
};

const TYPE_NAMES: Readonly<Record<ValueType, string>> = {
  string: 'a string',
  boolean: '`true` or `false`',
  integer: 'an integer',
  number: 'a number',
  operand: 'a string, number, boolean or null',
  list: 'a list',
  map: 'a mapping',
  string_or_list: 'a string or a list of strings',
  map_or_list: 'a mapping or a list of mappings',
  string_map_or_list: 'a string, a mapping or a list',
};

/** How messages call a mapping; a function where the name must be made, since most mappings are faultless. */
export type Where = string | (() => string);

/** The known, well-typed entries of one mapping. Mappings are small: a scan beats a table. */
export class Fields<Key extends string = string> {
  constructor(
    readonly map: MapNode,
    readonly entries: readonly MapEntry[],
    /** Keys that an unknown one was most likely meant to be. */
    private readonly slips: readonly string[],
  ) {}

  /** Whether the key was written, or something very like it (which has been reported). */
  meant(key: Key): boolean {
    return this.has(key) || this.slips.includes(key);
  }

  /** Whether the key was written at all; a bad value has been reported already. */
  has(key: Key): boolean {
    return entryOf(this.map.entries, key) !== undefined;
  }

  /** Where the key stands; where the mapping begins when it was not written well. */
  at(key: Key): number {
    return this.entry(key)?.keyAt ?? this.map.at;
  }

  node(key: Key): TreeNode | null {
    return this.entry(key)?.value ?? null;
  }

  string(key: Key): string | null {
    const node = this.node(key);
    return node?.kind === 'string' ? node.value : null;
  }

  boolean(key: Key): boolean | null {
    const node = this.node(key);
    return node?.kind === 'boolean' ? node.value : null;
  }

  list(key: Key): ListNode | null {
    const node = this.node(key);
    return node?.kind === 'list' ? node : null;
  }

  /** The value, where it is one of `values`; the table has refused others. */
  choice<T extends string>(key: Key, values: readonly T[]): T | null {
    const text = this.string(key);
    return values.find(value => value === text) ?? null;
  }

  private entry(key: Key): MapEntry | undefined {
    return entryOf(this.entries, key);
  }
}

/** The entry of `key`. A plain loop: every key of every rule is looked for. */
export function entryOf(entries: readonly MapEntry[], key: string): MapEntry | undefined {
  for (let i = 0; i < entries.length; i++) if (entries[i]?.key === key) return entries[i];
  return undefined;
}

const NO_SLIPS: readonly string[] = [];
const requiredKeys = new WeakMap<KeyTable, readonly (readonly [key: string, row: KeyRow])[]>();

function requiredOf(table: KeyTable): readonly (readonly [key: string, row: KeyRow])[] {
  let required = requiredKeys.get(table);
  if (required === undefined) {
    required = Object.entries(table).filter(([, row]) => row.required === true);
    requiredKeys.set(table, required);
  }
  return required;
}

/** `where` names the mapping in messages: "the policy", "the rule `x`". Null when `node` is no mapping. */
export function readFields<Table extends KeyTable>(
  issues: IssueList,
  node: TreeNode,
  table: Table,
  where: Where,
): Fields<keyof Table & string> | null {
  if (node.kind !== 'map') {
    const code = node.kind === 'null' ? 'null_value' : 'wrong_type';
    issues.add(code, node.at, `${nameOf(where)} is a mapping, not ${KIND_NAMES[node.kind]}`);
    return null;
  }
  // Most mappings are faultless: what only faults need is made with the first.
  let bad: Set<MapEntry> | null = null;
  let slips: string[] | null = null;
  for (const entry of node.entries) {
    const row = Object.hasOwn(table, entry.key) ? table[entry.key] : undefined;
    if (row !== undefined && fits(issues, entry, row)) continue;
    bad ??= new Set();
    bad.add(entry);
    if (issues.full) continue;
    if (row !== undefined) continue;
    const meant = unknownKey(issues, entry, table, nameOf(where));
    if (meant !== null) slips = [...(slips ?? []), meant];
  }
  const entries = sound(node.entries, bad);
  const fields = new Fields<keyof Table & string>(node, entries, slips ?? NO_SLIPS);
  for (const [key, row] of requiredOf(table)) {
    if (!fields.meant(key)) missing(issues, node, key, row, nameOf(where));
  }
  return fields;
}

function sound(entries: readonly MapEntry[], bad: ReadonlySet<MapEntry> | null): readonly MapEntry[] {
  return bad === null ? entries : entries.filter(entry => !bad.has(entry));
}

function nameOf(where: Where): string {
  return typeof where === 'string' ? where : where();
}

/** Reports `node` as of the wrong type for `what`. */
export function wrongType(issues: IssueList, node: TreeNode, what: string, type: ValueType, row?: KeyRow): void {
  if (node.kind === 'null') {
    issues.add('null_value', node.at, `${what} has no value`, instead(type, row));
    return;
  }
  const message = `${what} takes ${TYPE_NAMES[type]}, not ${KIND_NAMES[node.kind]}`;
  issues.add('wrong_type', node.at, message, typeSuggestion(node, type));
}

/** A key that must be there cannot be left out. */
function instead(type: ValueType, row: KeyRow | undefined): string {
  if (row?.required !== true) return `give it ${TYPE_NAMES[type]} or leave it out`;
  if (type === 'list' && row.mayBeEmpty === true) return 'give it a list; `[]` is an empty one';
  return row.values === undefined ? `give it ${TYPE_NAMES[type]}` : `write ${choices(row.values)}`;
}

function choices(values: readonly string[]): string {
  const known = values.map(word => `\`${word}\``);
  return known.length === 1 ? (known[0] ?? '') : `${known.slice(0, -1).join(', ')} or ${known.at(-1)}`;
}

function typeSuggestion(node: TreeNode, type: ValueType): string | null {
  const kinds = KINDS[type];
  if (kinds.includes('string')) {
    if (node.kind === 'number') return `quote it: "${node.source.slice(0, 40)}"`;
    if (node.kind === 'boolean') return `quote it: "${node.value}"`;
  }
  if (node.kind === 'string') {
    if (kinds.includes('number') && readDecimal(node.value).ok) return 'leave out the quotes';
    if (type === 'boolean') return didYouMean(node.value, ['true', 'false']);
  }
  if (type === 'list' && node.kind !== 'list') return 'begin each item with `- `, or put it in `[ ]`';
  return null;
}

function fits(issues: IssueList, { key, value }: MapEntry, row: KeyRow): boolean {
  if (!KINDS[row.type].includes(value.kind)) {
    wrongType(issues, value, `\`${key}\``, row.type, row);
    return false;
  }
  if (row.values !== undefined && value.kind === 'string' && !row.values.includes(value.value)) {
    const message = `\`${key}\` is ${choices(row.values)}, not ${quoted(value.value)}`;
    const suggestion = didYouMean(value.value, row.values);
    issues.add('unknown_value', value.at, message, suggestion?.startsWith('did') === true ? suggestion : null);
    return false;
  }
  return true;
}

/** Returns the key that was most likely meant. */
function unknownKey(issues: IssueList, entry: MapEntry, table: KeyTable, where: string): string | null {
  const known = Object.keys(table);
  issues.add('unknown_key', entry.keyAt, `unknown key ${quoted(entry.key)} in ${where}`, didYouMean(entry.key, known));
  return nearest(entry.key, known);
}

function missing(issues: IssueList, node: MapNode, key: string, row: KeyRow, where: string): void {
  const values = row.values?.map(value => `\`${value}\``).join(', ');
  const example = values === undefined ? `\`${key}\`` : `\`${key}\` with one of ${values}`;
  issues.add('missing_key', node.at, `${where} has no \`${key}\``, `add ${example}`);
}

/** An integer in `min`–`max` from its source text, or null after reporting. */
export function integerWithin(
  issues: IssueList,
  node: TreeNode | null,
  what: string,
  min: number,
  max: number,
): number | null {
  if (node?.kind !== 'number') return null;
  const decimal = readDecimal(node.source);
  const n = decimal.ok ? safeInteger(decimal.value) : null;
  if (n !== null && n >= min && n <= max) return n;
  const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
  issues.add('number_invalid', node.at, `${what} is an integer ${range}`);
  return null;
}
