/**
 * For every URL of the public WHATWG suite: the host and the path that the engine judges are those that `fetch` would dial.
 * What it would dial is what Node's own `fetch` hands to its dispatcher; nothing leaves the process.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkRequest } from '#src/core/decide/request.js';
import { readPolicyObject } from '#src/core/policy/read.js';
import { decide, engineModule, programOf } from '../support/engine.js';
import { vectors } from '../support/vectors.js';

interface Dialled {
  /** `https://host[:port]`. */
  readonly origin: string;
  /** With the query. */
  readonly path: string;
}

/** Null: `fetch` refuses the URL before it would dial. */
async function dialledBy(url: string): Promise<Dialled | null> {
  let seen: Dialled | null = null;
  const dispatcher = {
    dispatch({ origin, path }: Dialled, handler: { onError(error: Error): void }): boolean {
      seen = { origin: String(origin), path };
      handler.onError(new Error('not dialled'));
      return true;
    },
  };
  await fetch(url, { dispatcher } as RequestInit).catch(() => undefined);
  return seen;
}

/** What one `deny` with this URL pattern makes of the request: `T`, `U` or `F`; null: no such pattern can be written. */
function judged(pattern: string, url: string): string | null {
  const read = readPolicyObject(JSON.stringify({ default: 'allow', rules: [{ name: 'r', deny: { url: pattern } }] }));
  if (!read.ok) return null;
  const engine = engineModule().instantiate(programOf(read.policy), { inspectBytes: 64 });
  const said = decide({ policy: read.policy, engine }, { url, raw: true });
  if (said === 'rule_denied r ?') return 'U';
  return said === 'rule_denied r' ? 'T' : said === 'default_allowed' ? 'F' : said;
}

/** The path as a pattern says it, each segment decoded once; null where a segment cannot be read or written. */
function literalPath(path: string): string | null {
  const segments = path.replace(/\?.*$/s, '').slice(1).replace(/\/$/, '').split('/');
  try {
    const decoded = segments.map(decodeURIComponent);
    return decoded.some(segment => /[*{}%?#/\p{Cc}]/u.test(segment)) ? null : decoded.join('/');
  } catch {
    return null;
  }
}

const file = vectors('url', 'urltestdata.json');
test('WHATWG URLs: what is judged is what would be dialled', { skip: file.skip }, async t => {
  const cases: readonly unknown[] = JSON.parse(readFileSync(file.path, 'utf8'));
  const tally = { refused: 0, hosts: 0, paths: 0, unreadable: 0, unwritable: 0 };
  for (const one of cases) {
    if (typeof one !== 'object' || one === null || !('input' in one) || typeof one.input !== 'string') continue;
    const base = 'base' in one && typeof one.base === 'string' ? one.base : null;
    let href = one.input;
    try {
      if (base !== null) href = new URL(one.input, base).href;
    } catch {
      // It stays as it was written, and is refused as such.
    }
    const checked = checkRequest('GET', href, []);
    const dialled = await dialledBy(href);
    if (!checked.ok || dialled === null) {
      // What fetch would dial and is not judged must be refused by us; the reverse is harmless.
      tally.refused++;
      continue;
    }
    const { protocol, hostname } = new URL(dialled.origin);
    const host = hostname.replace(/\.$/, '');
    assert.equal(checked.host, host, href);
    const hostSaid = judged(`${protocol}//${host}:*/**`, checked.url);
    if (hostSaid === null) tally.unwritable++;
    else {
      assert.equal(hostSaid, 'T', `${href}: the host ${host}`);
      tally.hosts++;
    }
    assert.equal(judged(`${protocol}//not-${host.replace(/[^a-z0-9.-]/g, '')}:*/**`, checked.url) ?? 'F', 'F', href);

    // Newer runtimes send the `?` of an empty query, older ones drop it: to a server and to a pattern it is the same.
    const sent = dialled.path.replace(/^([^?]*)\?$/, '$1');
    assert.equal(new URL(checked.url).pathname + new URL(checked.url).search, sent, href);
    const path = literalPath(sent);
    if (path === null || hostSaid === null) {
      tally.unreadable++;
      continue;
    }
    assert.equal(judged(`*:*/${path}`, checked.url), 'T', `${href}: the path ${path}`);
    assert.equal(judged(`*:*/${path === '' ? 'x' : `${path}x`}`, checked.url), 'F', `${href}: another path`);
    tally.paths++;
  }
  t.diagnostic(JSON.stringify(tally));
  assert.ok(tally.hosts > 150 && tally.paths > 100, JSON.stringify(tally));
});
