/**
 * A strict JSON reader that keeps places.
 *
 *   in   : the text of one JSON value (decode UTF-8 with a fatal TextDecoder first)
 *   out  : a tree, or the first thing wrong and where
 *   never: throws on bad input, converts a number, takes the last of two equal keys
 *
 * Depth is bounded, so the recursion is. See RFC 8259; equal keys and lone surrogates, which it leaves open, are refused.
 */
import { JSON_MAX_DEPTH } from '../limits.js';
import type { MapEntry, NumberNode, TreeNode } from './tree.js';

export type JsonErrorCode = 'json_syntax' | 'duplicate_key' | 'too_deep' | 'not_unicode';

export interface JsonError {
  readonly code: JsonErrorCode;
  /** Offset into the text, in UTF-16 units. */
  readonly at: number;
  /** A sentence without the place; names a repeated key, quotes nothing else. */
  readonly message: string;
  /** The repeated key, with `duplicate_key`. */
  readonly key: string | null;
}

export type JsonReading =
  | { readonly ok: true; readonly root: TreeNode }
  | { readonly ok: false; readonly error: JsonError };

/** Reads exactly one JSON value, with white space around it. Never throws. */
export function readJson(text: string): JsonReading {
  const reader = new Reader(text);
  const root = reader.document();
  return root === null
    ? { ok: false, error: reader.error ?? { code: 'json_syntax', at: 0, message: 'not JSON', key: null } }
    : { ok: true, root };
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const HEX4 = /^[0-9a-fA-F]{4}$/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** Below this many keys a scan of the entries is cheaper than a set. */
const SMALL_MAP = 12;

class Reader {
  error: JsonError | null = null;
  private at = 0;
  /** Parts of collections still open, as stacks: an array grown by itself keeps four times the room it needs. */
  private readonly entries: MapEntry[] = [];
  private readonly items: TreeNode[] = [];
  private openEntries = 0;
  private openItems = 0;

  constructor(private readonly text: string) {}

  document(): TreeNode | null {
    this.space();
    const root = this.value(0);
    if (root === null) return null;
    this.space();
    if (this.at < this.text.length) return this.fail('there is more after the end of the JSON value');
    return root;
  }

  private value(depth: number): TreeNode | null {
    const at = this.at;
    switch (this.text.charCodeAt(at)) {
      case 0x7b:
        return this.map(depth + 1);
      case 0x5b:
        return this.list(depth + 1);
      case QUOTE: {
        const value = this.string();
        return value === null ? null : { kind: 'string', at, value };
      }
      case 0x74:
        return this.word('true') ? { kind: 'boolean', at, value: true } : null;
      case 0x66:
        return this.word('false') ? { kind: 'boolean', at, value: false } : null;
      case 0x6e:
        return this.word('null') ? { kind: 'null', at } : null;
      default:
        return this.number();
    }
  }

  private map(depth: number): TreeNode | null {
    const at = this.at;
    if (depth > JSON_MAX_DEPTH) return this.tooDeep();
    this.at += 1;
    this.space();
    if (this.take(0x7d)) return { kind: 'map', at, entries: [] };
    const { entries } = this;
    const base = this.openEntries;
    let seen: Set<string> | null = null;
    for (;;) {
      const keyAt = this.at;
      if (this.text.charCodeAt(keyAt) !== QUOTE) return this.fail('a key in double quotes is expected here');
      const key = this.string();
      if (key === null) return null;
      const count = this.openEntries - base;
      if (seen === null && count >= SMALL_MAP) {
        seen = new Set(entries.slice(base, base + count).map(entry => entry.key));
      }
      if (seen?.has(key) ?? this.repeats(key, base)) {
        return this.fail('a key stands twice in the same object', 'duplicate_key', keyAt, key);
      }
      seen?.add(key);
      this.space();
      if (!this.take(0x3a)) return this.fail('a `:` is expected after the key');
      this.space();
      const value = this.value(depth);
      if (value === null) return null;
      entries[this.openEntries] = { key, keyAt, value };
      this.openEntries += 1;
      this.space();
      if (this.take(0x7d)) {
        const own = entries.slice(base, this.openEntries);
        this.openEntries = base;
        return { kind: 'map', at, entries: own };
      }
      if (!this.take(COMMA)) return this.fail('a `,` or `}` is expected here');
      this.space();
    }
  }

  private repeats(key: string, base: number): boolean {
    for (let i = base; i < this.openEntries; i++) if (this.entries[i]?.key === key) return true;
    return false;
  }

  private list(depth: number): TreeNode | null {
    const at = this.at;
    if (depth > JSON_MAX_DEPTH) return this.tooDeep();
    this.at += 1;
    this.space();
    if (this.take(0x5d)) return { kind: 'list', at, items: [] };
    const { items } = this;
    const base = this.openItems;
    for (;;) {
      const item = this.value(depth);
      if (item === null) return null;
      items[this.openItems] = item;
      this.openItems += 1;
      this.space();
      if (this.take(0x5d)) {
        const own = items.slice(base, this.openItems);
        this.openItems = base;
        return { kind: 'list', at, items: own };
      }
      if (!this.take(COMMA)) return this.fail('a `,` or `]` is expected here');
      this.space();
    }
  }

  private number(): NumberNode | null {
    const at = this.at;
    NUMBER.lastIndex = at;
    const source = NUMBER.exec(this.text)?.[0];
    if (source === undefined)
      return this.fail(at < this.text.length ? 'a value is expected here' : 'the text ends early');
    this.at = at + source.length;
    return { kind: 'number', at, source };
  }

  /** The string at the opening quote; most have no escape and are one slice. */
  private string(): string | null {
    const { text } = this;
    const opened = this.at;
    let from = opened + 1;
    let out = '';
    let plain = true;
    for (let i = from; ; i++) {
      const c = text.charCodeAt(i);
      if (c === QUOTE) {
        this.at = i + 1;
        const value = plain ? text.slice(from, i) : out + text.slice(from, i);
        if (!plain && !value.isWellFormed()) {
          return this.fail('a string holds half of a surrogate pair', 'not_unicode', opened);
        }
        return value;
      }
      if (c === BACKSLASH) {
        const escaped = this.escape(i);
        if (escaped === null) return null;
        out += text.slice(from, i) + escaped;
        plain = false;
        i = this.at - 1;
        from = this.at;
      } else if (Number.isNaN(c)) {
        return this.fail('a string is not closed', 'json_syntax', opened);
      } else if (c < 0x20) {
        return this.fail('a control character or line break stands inside a string', 'json_syntax', i);
      }
    }
  }

  /** What the escape at `at` stands for; leaves `this.at` after it. */
  private escape(at: number): string | null {
    const letter = this.text[at + 1] ?? '';
    if (letter === 'u') {
      const digits = this.text.slice(at + 2, at + 6);
      if (!HEX4.test(digits)) return this.fail('`\\u` takes four hexadecimal digits', 'json_syntax', at);
      this.at = at + 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const index = '"\\/bfnrt'.indexOf(letter);
    if (letter === '' || index < 0) return this.fail('an escape that JSON does not have', 'json_syntax', at);
    this.at = at + 2;
    return '"\\/\b\f\n\r\t'[index] ?? '';
  }

  private word(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) {
      this.fail('a value is expected here');
      return false;
    }
    this.at += word.length;
    return true;
  }

  private take(code: number): boolean {
    if (this.text.charCodeAt(this.at) !== code) return false;
    this.at += 1;
    return true;
  }

  private space(): void {
    for (;;) {
      const c = this.text.charCodeAt(this.at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.at += 1;
    }
  }

  private tooDeep(): null {
    return this.fail(`nested deeper than ${JSON_MAX_DEPTH} levels`, 'too_deep');
  }

  private fail(message: string, code: JsonErrorCode = 'json_syntax', at = this.at, key: string | null = null): null {
    this.error ??= { code, at, message, key };
    return null;
  }
}
