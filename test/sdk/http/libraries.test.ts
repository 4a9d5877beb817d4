// T-124: HTTP libraries as they are published, bare and guarded: what is allowed is as it was, what is denied reaches nobody.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Denial, type How, type Ran, runClient } from './run-client.js';
import { plain, secure } from './site.js';

interface Said {
  readonly allowed: Readonly<Record<string, unknown>>;
  readonly denied: Readonly<Record<string, Denial>>;
  readonly reuse: { readonly same: boolean; readonly between: Denial | null };
  readonly kill: Readonly<Record<string, Denial>> | null;
  readonly late: readonly string[];
}

interface Row {
  readonly package: string;
  readonly client: string;
  readonly variant?: string;
  readonly how?: readonly How[];
  /** Major version of Node that the package needs. */
  readonly node?: number;
  readonly secure?: true;
  /** How the denial is found. Absent: through `cause`. */
  readonly found?: 'direct' | 'words';
  /** It is decided as a connection: bodies are not seen, and the switch ends it as one. */
  readonly connection?: true;
  /** It follows no redirects. */
  readonly stays?: true;
  /** Tries that it makes of a call that fails: of GET and PUT, of POST. */
  readonly tries?: readonly [number, number];
  /** What it never ends by itself, in bare Node either. */
  readonly omit?: readonly string[];
}

const nodeMajor = Number(process.versions.node.split('.')[0]);
const undici = (name: string, node: number): Row[] => [
  { package: name, client: 'undici', variant: 'fetch', node },
  ...['request', 'stream', 'pipeline'].map(
    variant => ({ package: name, client: 'undici', variant, node, found: 'direct', stays: true }) as const,
  ),
  { package: name, client: 'undici', variant: 'request own', node, found: 'direct', stays: true, connection: true },
];
const ROWS: readonly Row[] = [
  { package: 'axios', client: 'axios', variant: 'http' },
  { package: 'axios', client: 'axios', variant: 'fetch', how: ['register', 'wrap'] },
  { package: 'got', client: 'got' },
  { package: 'got', client: 'got', variant: 'http2', secure: true, connection: true },
  { package: 'got-newest', client: 'got', node: 22 },
  { package: 'ky', client: 'ky', how: ['register', 'wrap'], found: 'direct', tries: [2, 1] },
  { package: 'ky-newest', client: 'ky', how: ['register', 'wrap'], found: 'direct', node: 22, tries: [2, 1] },
  { package: 'node-fetch', client: 'node-fetch', found: 'words' },
  { package: 'node-fetch-2', client: 'node-fetch', found: 'words', omit: ['an answer that is too short'] },
  { package: 'superagent', client: 'superagent', found: 'direct' },
  ...undici('undici', 20),
  ...undici('undici-newest', 22),
];

for (const row of ROWS) {
  const name = [row.package, row.variant].filter(Boolean).join(' ');
  const skip = nodeMajor < (row.node ?? 0) && `needs Node ${row.node}`;
  test(`${name}: denied reaches nobody, and allowed is as it was`, { skip }, async t => {
    const hows: readonly How[] = ['bare', ...(row.how ?? (['register'] as const))];
    const [bare, ...guarded] = (await Promise.all(
      hows.map(how => runClient(t, 'driver.mjs', { ...row }, how, row.secure ? secure : plain)),
    )) as [Ran<Said>, ...Ran<Said>[]];
    assert.deepEqual(bare.said.late, []);
    for (const ran of guarded) {
      assert.deepEqual(ran.said.late, []);
      assert.deepEqual(ran.said.allowed, bare.said.allowed);
      if (!row.connection) assert.equal(ran.said.reuse.same, bare.said.reuse.same);
      assert.deepEqual(onWire(ran).slice(0, bare.seen.length), onWire(bare));
      denies(row, ran);
      ends(row, ran);
    }
  });
}

function denies(row: Row, { said, seen, forbidden, codesOf }: Ran<Said>): void {
  assert.equal(forbidden.connections, 0);
  assert.ok(seen.every(({ line }) => line !== 'POST /model') || row.connection);
  const { body, redirect, ...plain } = said.denied;
  const [reads, writes] = row.tries ?? [1, 1];
  for (const [name, denial] of Object.entries(plain)) {
    met(row, denial, 'default_denied', name);
    const tried = codesOf(`/${name}`);
    const most = name === 'post' ? writes : reads;
    if (row.connection) continue;
    assert.ok(tried.length >= 1 && tried.length <= most, `${name}: ${tried.length}`);
    assert.ok(tried.every(code => code === 'default_denied'));
  }
  if (row.stays) assert.deepEqual(redirect, { went: 302 });
  else met(row, redirect, 'default_denied', 'redirect');
  // A connection has no body.
  if (row.connection) return;
  met(row, body, 'rule_denied', 'body');
  met(row, said.reuse.between ?? undefined, 'rule_denied', 'between two');
  assert.equal(codesOf('/model').length, 2 * writes);
}

/** What is in flight ends, and nothing new begins. */
function ends(row: Row, { said, seen, codesOf, outcomeOf, records }: Ran<Said>): void {
  const { later, upload, ...running } = said.kill ?? {};
  met(row, later, 'kill_switch', 'later');
  assert.ok(seen.every(({ line }) => line !== 'GET /echo/later'));
  for (const [name, end] of Object.entries(running)) {
    assert.equal(end.went, undefined, name);
    if (row.found !== 'words') assert.equal(end.code, 'kill_switch', name);
  }
  assert.equal(upload?.went, undefined);
  if (row.connection) {
    assert.ok(records('outcome').some(({ result }) => result === 'killed'));
    return;
  }
  assert.deepEqual(codesOf('/echo/later').at(-1), 'kill_switch');
  for (const path of ['endless/a', 'endless/b', 'endless/c', 'endless/asked', 'never/killed', 'up/endless']) {
    assert.equal(outcomeOf(`/${path}`).at(0), 'killed', path);
  }
}

function met(row: Row, denial: Denial | undefined, code: string, name: string): void {
  assert.deepEqual([denial?.how, denial?.code], [row.found ?? 'cause', code], `${name}: ${JSON.stringify(denial)}`);
}

/** The ports of runs differ; a denied call between two stays away. */
function onWire({ seen, origin }: Ran<Said>): readonly unknown[] {
  const { host } = new URL(origin);
  return seen
    .filter(({ line }) => line !== 'POST /model')
    .map(({ line, headers, body }) => [line, headers.map(text => text.replaceAll(host, 'HOST')), body]);
}
