/**
 * The program: what the compiler writes and the engine reads (engine/program.ts mirrors the numbers).
 *
 * Little-endian 32-bit words, position-independent. 64 header words, then the strings, then sections of fixed-width rows.
 * A section has two header words, its byte offset and its rows (STRINGS and BODY: bytes; AUTOMATA: tables behind the rows). A reference to text is two words,
 * byte offset and bytes. An index that may be absent is stored plus one, 0 being none.
 *
 *   RULES    effect, rank, url (0 none, 1 pattern), scheme bits, port, path is `/**`, method (0 none, 1 any, 2 list),
 *            methods start and count, query start and count, headers start and count, body matchers start and count,
 *            windows start and count, zone, limit + 1, 0
 *   NODES    globs start and count, `*` child, `**` child, `{id}` child, terms start and count, flags. Node 0 is none.
 *            A child has a larger number than its parent; in a host's trie the terms are one root.
 *   GLOBS    text, child
 *   HASH     owner, text, value: (node, segment) → child, (HOSTS, host) → root, (METHODS, method) → its number
 *   ROOTS    first node of a path trie, and all rules below it in TERMS
 *   ALWAYS   rules without a url pattern
 *   FIELDS   kind (0 absent, 1 present), name, header + 1, operators, exact, in start and count, prefix, suffix, contains, automaton + 1
 *   LISTS    texts of `in`, each list sorted by length, then bytes
 *   WINDOWS  kind (0 within, 1 outside), start and end in minutes, days as bits from Monday
 *   ZONES    name, seconds east of UTC; with a name those are 0 and the host says them with each request, without one the
 *            reference is 0, 0
 *   AUTOMATA byte offset of the table in this section, states, classes, start, first state where the text may end. A table is
 *            256 bytes, the class of each byte, and states × classes 16-bit states, in order and without gaps
 *   LIMITS   rule, calls, window in ms, per, field, rule name, field as JSON
 */
export const MAGIC = 0x50524b43;
export const PROGRAM_VERSION = 2;
export const HEADER_WORDS = 64;

export const H = {
  magic: 0,
  version: 1,
  length: 2,
  flags: 3,
  rules: 4,
  nodes: 6,
  globs: 8,
  hash: 10,
  roots: 12,
  terms: 14,
  always: 16,
  fields: 18,
  lists: 20,
  methods: 22,
  windows: 24,
  zones: 26,
  headers: 28,
  agents: 30,
  strings: 32,
  limits: 34,
  body: 36,
  bodyMatchers: 38,
  bodyFields: 39,
  anyRoot: 40,
  hostNode: 41,
  methodIds: 42,
  special: 43,
  automata: 48,
} as const;

export const WINDOW_WORDS = 4;
export const ZONE_WORDS = 3;
export const LIMIT_WORDS = 9;

export const OWNER_HOSTS = 0xfffffff0;
export const OWNER_METHODS = 0xfffffff1;
export const OWNER_NONE = 0xffffffff;

export const FLAG_DEFAULT_ALLOW = 1;
export const FLAG_EVERY_AGENT = 2;

export const NODE_MANY = 1;
export const NODE_HOST = 2;
export const NODE_LITERALS = 4;

export const PORT_ANY = 0xffffffff;
export const PORT_DEFAULT = 0xfffffffe;

export const EFFECTS = ['allow', 'deny', 'limit'] as const;
export const LIMIT_KEYS = ['global', 'agent', 'host', 'endpoint', 'body_field'] as const;
export const SCHEMES = ['http', 'https', 'ws', 'wss', 'tool', 'tcp'] as const;
/** Headers the engine reads for itself: overrides of the method, then what it must know of a body. */
export const METHOD_HEADERS = ['x-http-method-override', 'x-http-method', 'x-method-override'] as const;
export const BODY_HEADERS = ['content-type', 'content-encoding'] as const;

/** What makes a limit's counters its own across programs. */
export interface LimitIdentity {
  readonly rule: string;
  readonly windowMs: number;
  readonly per: number;
  /** The field's path as JSON, empty when there is none. */
  readonly field: string;
}

function words(program: Uint8Array): DataView {
  return new DataView(program.buffer, program.byteOffset, program.byteLength);
}

function textAt(program: Uint8Array, view: DataView, at: number): string {
  const from = view.getUint32(at, true);
  return new TextDecoder().decode(program.subarray(from, from + view.getUint32(at + 4, true)));
}

/** Lower-case names of the headers that a program reads, in the order of their indexes. Only for a program that has loaded. */
export function headerNamesOf(program: Uint8Array): readonly string[] {
  const view = words(program);
  const at = view.getUint32(H.headers * 4, true);
  const rows = view.getUint32(H.headers * 4 + 4, true);
  return Array.from({ length: rows }, (_, i) => textAt(program, view, at + i * 8));
}

/** Names of a program's zones, in the order of their indexes; null for one of a fixed offset. Only for a program that has loaded. */
export function zoneNamesOf(program: Uint8Array): readonly (string | null)[] {
  const view = words(program);
  const start = view.getUint32(H.zones * 4, true);
  const rows = view.getUint32(H.zones * 4 + 4, true);
  return Array.from({ length: rows }, (_, i) => textAt(program, view, start + i * ZONE_WORDS * 4) || null);
}

/** The limits of a program, in the order of their indexes. Only for a program that has loaded. */
export function limitsOf(program: Uint8Array): readonly LimitIdentity[] {
  const view = words(program);
  const start = view.getUint32(H.limits * 4, true);
  const rows = view.getUint32(H.limits * 4 + 4, true);
  return Array.from({ length: rows }, (_, i) => {
    const at = start + i * LIMIT_WORDS * 4;
    return {
      rule: textAt(program, view, at + 20),
      windowMs: view.getUint32(at + 8, true),
      per: view.getUint32(at + 12, true),
      field: textAt(program, view, at + 28),
    };
  });
}
