/**
 * The nodes of a parsed YAML document into the tree that JSON gives too.
 *
 *   in   : nodes whose plain scalars are still text
 *   out  : a tree; everything refused is in the issue list
 *   never: converts a number, follows a merge key, expands more than 100 aliases
 */
import { isAlias, isMap, isScalar, isSeq, type ParsedNode, type Scalar, type YAMLMap } from 'yaml';
import type { MapEntry, TreeNode } from '../json/tree.js';
import { JSON_MAX_DEPTH, POLICY_MAX_ALIASES } from '../limits.js';
import { type IssueList, overBound, quoted } from './issue-list.js';
import { plainScalar } from './yaml-scalar.js';

/** The tags of the core schema, with the kinds of node each may stand at. */
const TAGS: Readonly<Record<string, readonly TreeNode['kind'][]>> = {
  'tag:yaml.org,2002:map': ['map'],
  'tag:yaml.org,2002:seq': ['list'],
  'tag:yaml.org,2002:str': ['string', 'number', 'boolean', 'null'],
  'tag:yaml.org,2002:int': ['number'],
  'tag:yaml.org,2002:float': ['number'],
  'tag:yaml.org,2002:bool': ['boolean'],
  'tag:yaml.org,2002:null': ['null'],
};
const STRING_TAG = 'tag:yaml.org,2002:str';

/** Null when something was reported that leaves no value to go on with. */
export function yamlTree(issues: IssueList, node: ParsedNode): TreeNode | null {
  const converter = new Converter(issues);
  const root = converter.convert(node, 0);
  return converter.whole ? root : null;
}

interface Anchored {
  /** Null while its own content is being read. */
  readonly node: TreeNode | null;
  /** Aliases expanded inside it. */
  readonly weight: number;
}

/** Up to so many keys, looking through them costs less than a set. */
const FEW_KEYS = 8;

class Converter {
  private readonly anchors = new Map<string, Anchored>();
  /** A policy has few different keys and each thousands of times. */
  private readonly keys = new Map<string, string>();
  private expansions = 0;
  private lastAt = 0;
  /** False once a value had to be replaced by another; what is checked then would mislead. */
  whole = true;

  constructor(private readonly issues: IssueList) {}

  convert(node: ParsedNode | null, depth: number): TreeNode {
    if (node === null) return { kind: 'null', at: this.lastAt };
    const at = node.range[0];
    this.lastAt = at;
    if (isAlias(node)) return this.expand(node.source, at);
    if (depth > JSON_MAX_DEPTH) {
      this.issues.add('too_deep', at, `nested deeper than ${JSON_MAX_DEPTH} levels`);
      return this.nothing(at);
    }
    const { anchor } = node;
    if (anchor === undefined) return this.tagged(node, this.content(node, at, depth), at);
    const before = this.expansions;
    this.anchors.set(anchor, { node: null, weight: 0 });
    const converted = this.tagged(node, this.content(node, at, depth), at);
    this.anchors.set(anchor, { node: converted, weight: this.expansions - before });
    return converted;
  }

  private content(node: ParsedNode, at: number, depth: number): TreeNode {
    if (isScalar<string>(node)) return this.scalar(node, at);
    if (isMap<ParsedNode, ParsedNode | null>(node)) return { kind: 'map', at, entries: this.entries(node, depth) };
    if (isSeq<ParsedNode>(node))
      return { kind: 'list', at, items: node.items.map(item => this.convert(item, depth + 1)) };
    return { kind: 'null', at };
  }

  private entries(map: YAMLMap<ParsedNode, ParsedNode | null>, depth: number): MapEntry[] {
    const { items } = map;
    // As long as it will be: what grows keeps room that thousands of mappings never use.
    const entries = new Array<MapEntry>(items.length);
    const seen = items.length > FEW_KEYS ? new Set<string>() : null;
    let count = 0;
    for (const pair of items) {
      const keyAt = pair.key.range[0];
      const key = this.key(pair.key, keyAt);
      const value = this.convert(pair.value, depth + 1);
      if (key === null) continue;
      if (seen?.has(key) ?? hasKey(entries, count, key)) {
        this.issues.add(
          'duplicate_key',
          keyAt,
          `the key ${quoted(key)} stands twice in the same mapping`,
          'remove one of them',
        );
        continue;
      }
      seen?.add(key);
      entries[count++] = { key, keyAt, value };
    }
    entries.length = count;
    return entries;
  }

  /** The text of a key; null after reporting. */
  private key(node: ParsedNode, at: number): string | null {
    this.lastAt = at;
    if (isAlias(node)) {
      this.issues.add('alias_invalid', at, 'an alias stands where a key must be', 'write the key out');
      return null;
    }
    if (!isScalar(node)) {
      this.issues.add('key_not_string', at, 'a key of a mapping is a string', 'write a string before the `:`');
      this.whole = false;
      return null;
    }
    const key = this.convert(node, 0);
    if (key.kind === 'string') {
      if (key.value !== '<<' || node.type !== 'PLAIN') return this.interned(key.value);
      this.issues.add('merge_key', at, 'merge keys (`<<`) are not taken', 'write the keys out');
      this.whole = false;
    } else if (plainScalar(node.source ?? '').kind !== 'refused') {
      this.issues.add('key_not_string', at, 'a key of a mapping is a string', 'quote the key');
    }
    return null;
  }

  /** One string for all keys that are alike: comparing them is cheap then, and the others need not be kept. */
  private interned(key: string): string {
    const known = this.keys.get(key);
    if (known !== undefined) return known;
    this.keys.set(key, key);
    return key;
  }

  private scalar(node: Scalar.Parsed | Scalar<string>, at: number): TreeNode {
    const value = typeof node.value === 'string' ? node.value : '';
    if (!value.isWellFormed()) {
      this.issues.add('not_unicode', at, 'a string holds half of a surrogate pair');
      return this.nothing(at);
    }
    if (node.type !== 'PLAIN' || node.tag === STRING_TAG) return { kind: 'string', at, value };
    const source = node.source ?? value;
    const plain = plainScalar(source);
    switch (plain.kind) {
      case 'string':
        return { kind: 'string', at, value };
      case 'number':
        return { kind: 'number', at, source };
      case 'boolean':
        return { kind: 'boolean', at, value: plain.value };
      case 'null':
        return { kind: 'null', at };
      case 'refused':
        this.issues.add(
          'number_invalid',
          at,
          `${quoted(source)}: infinite, hexadecimal, octal and zero-led numbers are not taken`,
          `write it in decimal, or quote it: "${source.slice(0, 40)}"`,
        );
        return this.nothing(at);
    }
  }

  /** Checks an explicit tag against what the node is. */
  private tagged(node: ParsedNode, converted: TreeNode, at: number): TreeNode {
    const { tag } = node;
    if (tag === undefined) return converted;
    const kinds = Object.hasOwn(TAGS, tag) ? TAGS[tag] : undefined;
    if (kinds === undefined) {
      this.issues.add('yaml_tag', at, `the tag ${quoted(tag)} is not taken`, 'remove the tag');
    } else if (!kinds.includes(converted.kind)) {
      this.issues.add('yaml_tag', at, `the tag ${quoted(tag)} does not fit what it stands at`, 'remove the tag');
    }
    return converted;
  }

  private expand(name: string, at: number): TreeNode {
    const target = this.anchors.get(name);
    if (target === undefined || target.node === null) {
      const why = target === undefined ? 'names no anchor before it' : 'stands inside its own anchor';
      this.issues.add('alias_invalid', at, `the alias ${quoted(name)} ${why}`);
      return this.nothing(at);
    }
    const before = this.expansions;
    this.expansions += 1 + target.weight;
    if (this.expansions <= POLICY_MAX_ALIASES) return target.node;
    if (before <= POLICY_MAX_ALIASES) {
      this.issues.addFlaw(at, overBound('the file', this.expansions, POLICY_MAX_ALIASES, 'alias expansions'));
    }
    return this.nothing(at);
  }

  /** Stands where a value was reported that cannot be replaced. */
  private nothing(at: number): TreeNode {
    this.whole = false;
    return { kind: 'null', at };
  }
}

/** Whether one of the first `count` entries has `key`. */
function hasKey(entries: readonly MapEntry[], count: number, key: string): boolean {
  for (let i = 0; i < count; i++) if (entries[i]?.key === key) return true;
  return false;
}
