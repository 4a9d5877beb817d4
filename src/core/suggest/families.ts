/**
 * What was called, by scheme, host and folded path: the evidence for a policy.
 *
 *   in   : recorded decisions
 *   out  : one family for each address, with its methods; what is no evidence, counted by its reason
 *   never: grows with the log beyond {@link FAMILIES_MAX} families
 */
import { foldPath } from '../decide/endpoint.js';
import { checkRequest } from '../decide/request.js';
import { parseUrlPattern } from '../policy/url-pattern.js';
import { byPolicy, FOLDED, type Recorded, requestAgain } from '../replay/recorded.js';

export interface Family {
  /** As in a policy. */
  readonly url: string;
  /** `url` without the scheme every policy means. */
  readonly name: string;
  readonly host: string;
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
    const address = addressOf(recorded);
    if (typeof address === 'string') {
      bump(this.uncovered, address);
      return;
    }
    const { url, host, method, widened } = address;
    let family = this.#families.get(url);
    if (family === undefined) {
      if (this.#families.size >= FAMILIES_MAX) {
        bump(this.uncovered, `more than ${FAMILIES_MAX} different addresses`);
        return;
      }
      const { time } = recorded;
      const name = url.replace(/^https:\/\//, '');
      family = { url, name, host, methods: new Map(), count: 0, first: time, last: time, widened };
      this.#families.set(url, family);
    }
    this.calls++;
    family.count++;
    family.widened ||= widened;
    if (recorded.time < family.first) family.first = recorded.time;
    if (recorded.time > family.last) family.last = recorded.time;
    bump(family.methods, method);
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

interface Address {
  readonly url: string;
  readonly host: string;
  readonly method: string;
  readonly widened: boolean;
}

/** A string says why there is none. */
function addressOf(recorded: Recorded): Address | string {
  const { method, scheme, host, path, tool } = recorded;
  if (tool || scheme === 'tool') return 'calls of tools';
  if (method === null || scheme === null || host === null || path === null) return 'calls without a URL in the log';
  if (!SCHEMES.has(scheme)) return 'raw sockets: the log holds no port';
  if (!isPlainHost(scheme, host)) return 'hosts that a pattern would read in another way';
  if (!TOKEN.test(method)) return 'methods that cannot be named in a policy';
  if (requestAgain(recorded, SOME_ID) === null) return 'paths that were cut, or that can be read in more than one way';
  const folded = foldPath(path);
  const segments = folded.split('/');
  const written = segments.map(segment => (segment === FOLDED ? segment : segment.replace(UNWRITABLE, '*')));
  const url = `${scheme}://${host}${written.join('/')}`;
  if (!parseUrlPattern(url).ok) return 'addresses that no pattern can hold';
  return { url, host, method: method.toUpperCase(), widened: written.join('/') !== folded };
}

/** What a URL can say and a pattern would read as more than that host (`*` may stand in a URL), or what no URL says. */
function isPlainHost(scheme: string, host: string): boolean {
  const valid = checkRequest('GET', `${scheme}://${host}/`, []);
  return valid.ok && valid.host === host.replace(/\.$/, '') && !host.includes('*');
}

function bump(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
