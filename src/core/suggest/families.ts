/**
 * What was called, by scheme, host and folded path, or by the name of a tool: the evidence for a policy.
 *
 *   in   : recorded decisions
 *   out  : one family for each address or tool, with its methods; what is no evidence, counted by its reason
 *   never: grows with the log beyond {@link FAMILIES_MAX} families
 */
import { INVALID } from '../audit/text.js';
import { foldPath } from '../decide/endpoint.js';
import { checkRequest } from '../decide/request.js';
import { TOOL_METHOD } from '../decide/tool-request.js';
import { parseToolPattern } from '../policy/matcher-tool.js';
import { parseUrlPattern } from '../policy/url-pattern.js';
import { byPolicy, FOLDED, type Recorded, requestAgain } from '../replay/recorded.js';

export interface Family {
  readonly kind: 'url' | 'tool';
  /** As in a policy. */
  readonly pattern: string;
  /** `pattern` without the scheme every policy means; of a tool, with the word before it. */
  readonly name: string;
  /** Null: a tool's. */
  readonly host: string | null;
  /** The URL, or the name, of a call that belongs to it: some ID stands for each. */
  readonly example: string;
  readonly methods: ReadonlyMap<string, number>;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  /** A character that no pattern can hold became `*`. */
  readonly widened: boolean;
}

/** Rules that a person can still read; a log with more addresses than that has paths that do not fold. */
export const FAMILIES_MAX = 2_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Growing = Mutable<Omit<Family, 'methods'>> & { readonly methods: Map<string, number> };

const TOKEN = /^[!#$%&'+\-.^_`|~0-9A-Za-z][!#$%&'*+\-.^_`|~0-9A-Za-z]*$/;
const UNWRITABLE = /[*{}?#]+/g;
/** Any ID would do. */
const SOME_ID = '7'.repeat(19);
const EXAMPLE_ID = '1';
const SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'ws', 'wss']);

export class Families {
  /** Calls that stand in a family. */
  calls = 0;
  /** Decisions that say nothing of what should be allowed, by their code. */
  readonly noEvidence = new Map<string, number>();
  /** Calls that were made and that no rule can be written for, by why. */
  readonly uncovered = new Map<string, number>();
  readonly #families = new Map<string, Growing>();

  add(recorded: Recorded): void {
    if (!wentThrough(recorded)) {
      bump(this.noEvidence, recorded.code);
      return;
    }
    const address = recorded.tool === null ? addressOf(recorded) : toolOf(recorded.tool);
    if (typeof address === 'string') {
      bump(this.uncovered, address);
      return;
    }
    const { name, method, widened, example } = address;
    let family = this.#families.get(name);
    if (family === undefined) {
      if (this.#families.size >= FAMILIES_MAX) {
        bump(this.uncovered, `more than ${FAMILIES_MAX} different addresses`);
        return;
      }
      const { kind, pattern, host } = address;
      const { time } = recorded;
      family = { kind, pattern, name, host, example, methods: new Map(), count: 0, first: time, last: time, widened };
      this.#families.set(name, family);
    }
    this.calls++;
    family.count++;
    family.widened ||= widened;
    // The same one, in whatever order the calls come.
    if (example < family.example) family.example = example;
    if (recorded.time < family.first) family.first = recorded.time;
    if (recorded.time > family.last) family.last = recorded.time;
    bump(family.methods, method ?? recorded.method ?? TOOL_METHOD);
  }

  /** By name, so that the same log gives the same text. */
  list(): readonly Family[] {
    return [...this.#families.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }
}

/**
 * The call was made and a policy was asked. What an explicit `deny` named in dry run went through too, but somebody has
 * written down that it should not.
 */
function wentThrough(recorded: Recorded): boolean {
  return byPolicy(recorded) && recorded.code !== 'rule_denied' && (recorded.result === 'allow' || !recorded.enforced);
}

interface Address extends Pick<Family, 'kind' | 'pattern' | 'name' | 'host' | 'widened' | 'example'> {
  /** Null: as it was recorded. */
  readonly method: string | null;
}

/** A string says why there is none. */
function toolOf(name: string): Address | string {
  if (name === INVALID) return 'tools whose name a log does not repeat';
  if (!parseToolPattern(name).ok) return 'tools that no pattern can hold';
  const of = { kind: 'tool', pattern: name, name: `tool ${name}`, host: null } as const;
  return { ...of, example: name, method: null, widened: false };
}

/** A string says why there is none. */
function addressOf(recorded: Recorded): Address | string {
  const { method, scheme, path } = recorded;
  // A host is the same one with a dot behind it.
  const host = recorded.host?.replace(/\.$/, '') ?? null;
  if (scheme === 'tool') return 'calls of tools without a name in the log';
  if (method === null || scheme === null || host === null || path === null) return 'calls without a URL in the log';
  if (!SCHEMES.has(scheme)) return 'raw sockets: the log holds no port';
  if (!isPlainHost(scheme, host)) return 'hosts that a pattern would read in another way';
  if (!TOKEN.test(method)) return 'methods that cannot be named in a policy';
  const folded = foldPath(path);
  const example = requestAgain({ ...recorded, host, path: folded }, EXAMPLE_ID)?.url;
  if (requestAgain(recorded, SOME_ID) === null || typeof example !== 'string') {
    return 'paths that were cut, or that can be read in more than one way';
  }
  const segments = folded.split('/');
  const written = segments.map(segment => (segment === FOLDED ? segment : segment.replace(UNWRITABLE, '*')));
  const pattern = `${scheme}://${host}${written.join('/')}`;
  if (!parseUrlPattern(pattern).ok) return 'addresses that no pattern can hold';
  const name = pattern.replace(/^https:\/\//, '');
  const widened = written.join('/') !== folded;
  return { kind: 'url', pattern, name, host, example, method: method.toUpperCase(), widened };
}

/** What a URL can say and a pattern would read as more than that host (`*` may stand in a URL), or what no URL says. */
function isPlainHost(scheme: string, host: string): boolean {
  const valid = checkRequest('GET', `${scheme}://${host}/`, []);
  return valid.ok && valid.host === host && !host.includes('*');
}

function bump(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
