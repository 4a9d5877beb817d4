/**
 * Policies by number, requests by chance, and what each policy says of each request.
 *
 * Every rule carries the number of its policy, so that an answer names what it was judged by.
 */
import { createHash } from 'node:crypto';

export const LIMIT_A_MINUTE = 30;

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What is allowed of `even` and `odd` changes from one to the next. */
export function policyOf(n: number): string {
  return `default: deny
rules:
  - { name: reads-${n}, allow: { method: GET, url: "api.test/always/**" } }
  - { name: turns-${n}, allow: { method: GET, url: "api.test/${n % 2 === 0 ? 'even' : 'odd'}/**" } }
  - { name: small-${n}, allow: { method: POST, url: "api.test/chat", body: { jsonpath: $.model, exact: small } } }
  - { name: tools-${n}, allow: { tool: "files/read" } }
  - { name: never-${n}, deny: { method: DELETE, url: "api.test/**" } }
  - { name: scarce-${n}, allow: { method: GET, url: "api.test/scarce/**" } }
  - { name: limit-scarce, limit: { calls_per_minute: ${LIMIT_A_MINUTE}, per: agent, url: "api.test/scarce/**" } }
`;
}

/** What no version of the language takes. */
export const spoiltPolicy = (n: number): string => `default: deny\nrules:\n  - { name: spoilt-${n}, allow: nothing }\n`;

export type Kind = 'always' | 'even' | 'odd' | 'small' | 'large' | 'delete' | 'tool' | 'scarce';

/** Shares of a thousand. So few are denied that no agent comes near the pace at which denials are slowed. */
const SHARES: readonly (readonly [Kind, number])[] = [
  ['even', 20],
  ['odd', 20],
  ['small', 40],
  ['large', 10],
  ['delete', 10],
  ['tool', 40],
  ['scarce', 20],
];

/** @param chance from 0 to below 1 */
export function kindOf(chance: number): Kind {
  let upTo = 0;
  for (const [kind, share] of SHARES) {
    upTo += share / 1000;
    if (chance < upTo) return kind;
  }
  return 'always';
}

export function lineOf(kind: Kind, agent: string, n: number): string {
  const url = `https://api.test/${kind}/${agent}/${n}`;
  switch (kind) {
    case 'small':
    case 'large':
      return JSON.stringify({
        request: { method: 'POST', url: 'https://api.test/chat', body: `{"n":${n},"model":"${kind}"}` },
      });
    case 'tool':
      return JSON.stringify({ request: { tool: 'files/read', args: { path: `/srv/${n}` } } });
    case 'delete':
      return JSON.stringify({ request: { method: 'DELETE', url } });
    default:
      return JSON.stringify({ request: { method: 'GET', url } });
  }
}

/** The answers that policy `n` may give to such a request, as `code rule`. */
export function answersOf(kind: Kind, n: number): readonly string[] {
  const denied = 'default_denied null';
  switch (kind) {
    case 'always':
      return [`rule_allowed reads-${n}`];
    case 'even':
    case 'odd':
      return [(n % 2 === 0) === (kind === 'even') ? `rule_allowed turns-${n}` : denied];
    case 'small':
      return [`rule_allowed small-${n}`];
    case 'tool':
      return [`rule_allowed tools-${n}`];
    case 'delete':
      return [`rule_denied never-${n}`];
    case 'large':
      return [denied];
    case 'scarce':
      return [`rule_allowed scarce-${n}`, 'rate_limited limit-scarce'];
  }
}

/** What is said of a spoilt one. */
export const SPOILT_SAYS = '`allow` takes a mapping';

/** SHA-256 to number, of policies up to `written`. */
export function policyNumbers(written: number): ReadonlyMap<unknown, number> {
  return new Map(Array.from({ length: written + 1 }, (_, n) => [sha256Of(policyOf(n)), n]));
}
