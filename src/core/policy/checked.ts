/**
 * A policy after every check: what the compiler takes. Nothing here can be wrong any more,
 * so nothing downstream reports errors but bounds of the compiled program.
 */
import type { PolicyMode, Result } from '../decide/types.js';
import type { Automaton } from './regex/minimize.js';

/** 1-based, in characters (UTF-16 units), as editors count. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface CheckedPolicy {
  /** `agent:`, a label recorded with every decision. */
  readonly agentLabel: string | null;
  /** Globs (`*` is any run of characters); null: every agent. */
  readonly agents: readonly string[] | null;
  readonly defaultResult: Result;
  readonly mode: PolicyMode;
  readonly version: number | null;
  readonly rules: readonly CheckedRule[];
}

export interface CheckedRule {
  readonly name: string;
  readonly effect: Effect;
  readonly matcher: Matcher;
  readonly description: string | null;
  readonly source: string | null;
  /** Where the rule begins; null when the policy came as an object. */
  readonly at: Position | null;
}

export type LimitKey = 'global' | 'agent' | 'host' | 'endpoint' | 'body_field';

export type Effect =
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny' }
  | {
      readonly kind: 'limit';
      /** 1 to 1,000,000. */
      readonly calls: number;
      readonly windowMs: 1_000 | 60_000 | 3_600_000 | 86_400_000;
      readonly per: LimitKey;
      /** Given exactly when `per` is `body_field`. */
      readonly field: JsonPath | null;
    };

/** All given parts must match. An absent part is null or empty. */
export interface Matcher {
  /** Upper-case RFC 9110 tokens, or `*`. */
  readonly methods: readonly string[] | null;
  readonly url: UrlPattern | null;
  readonly query: readonly FieldMatcher[];
  readonly headers: readonly FieldMatcher[];
  readonly body: readonly BodyMatcher[];
  readonly time: TimeMatcher | null;
}

export type Scheme = 'http' | 'https' | 'ws' | 'wss' | 'tool' | 'tcp';

/** `everything` is `*` or `**` alone: any scheme, host, port and path. */
export type UrlPattern =
  | { readonly kind: 'everything'; readonly text: string }
  | {
      readonly kind: 'parts';
      readonly text: string;
      /** null: http, https, ws, wss and tool. */
      readonly scheme: Scheme | null;
      readonly host: HostPattern;
      /** null: not written. */
      readonly port: number | 'any' | null;
      /** Without the one ignored trailing slash; empty is the root path. Neighbouring `many` are merged. */
      readonly path: readonly Segment[];
    };

/** Labels are lower-case ASCII, IDN as Punycode. An address is canonical (IPv6 in brackets). */
export type HostPattern =
  | { readonly kind: 'any' }
  | {
      readonly kind: 'address';
      readonly text: string /** IPv4 form of an IPv4-mapped or -compatible IPv6. */;
      readonly alias: string | null;
    }
  | { readonly kind: 'labels'; readonly labels: readonly Segment[] };

/**
 * One host label or path segment: `literal` and `glob` (with `*` inside) carry text, `one` is `*`,
 * `many` is `**` (in a host one or more labels, in a path zero or more segments), `id` is `{id}` (paths only).
 */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'glob'; readonly text: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'many' }
  | { readonly kind: 'id' };

/** A search in a text. Equal patterns of one policy share one automaton. */
export interface RegexTest {
  readonly pattern: string;
  readonly automaton: Automaton;
}

/** Operators on one value; all given ones must hold. */
export interface StringTest {
  readonly exact?: string;
  readonly in?: readonly string[];
  readonly prefix?: string;
  readonly suffix?: string;
  readonly contains?: string;
  readonly regex?: RegexTest;
}

/** A query parameter (name as written) or a header (name lower-cased). */
export type FieldMatcher =
  | { readonly kind: 'absent'; readonly name: string }
  | { readonly kind: 'present'; readonly name: string; readonly test: StringTest };

/** A child by name, a child by array index, every child, or every descendant member of a name. */
export type PathStep = string | number | { readonly kind: 'every' } | { readonly kind: 'below'; readonly name: string };

/** The root is the empty list. */
export type JsonPath = readonly PathStep[];

export type Operand =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'number'; readonly value: Decimal }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'null' };

/**
 * An exact decimal: ±0.DIGITS × 10^pointExponent. `digits` has neither leading nor trailing zeros; zero is
 * `{ negative: false, digits: '', pointExponent: 0 }`.
 */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly pointExponent: number;
}

export interface BodyMatcher {
  readonly path: JsonPath;
  readonly test: BodyTest;
}

/** Written without an operator it is `{ exists: true }`. `exists: false` stands alone. */
export interface BodyTest {
  readonly exists?: boolean;
  readonly exact?: Operand;
  readonly in?: readonly Operand[];
  readonly notIn?: readonly Operand[];
  readonly min?: Decimal;
  readonly max?: Decimal;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly contains?: string;
  readonly regex?: RegexTest;
}

/** Local time of day; minutes from midnight, start inclusive, end exclusive, start after end crosses midnight. */
export interface TimeWindow {
  readonly kind: 'within' | 'outside';
  readonly startMinute: number;
  /** 1 to 1440. */
  readonly endMinute: number;
  /** Local days on which the window begins, as bits: 1 is Monday, 64 Sunday; 127 is every day. */
  readonly days: number;
}

export type Zone =
  /** Minutes east of UTC. */
  | { readonly kind: 'offset'; readonly minutes: number }
  /** As IANA spells it; `at` is where it stands, null when the policy came as an object. */
  | { readonly kind: 'named'; readonly name: string; readonly at: Position | null };

export interface TimeMatcher {
  readonly windows: readonly TimeWindow[];
  readonly zone: Zone;
}
