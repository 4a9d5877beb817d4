// T-124: HTTP libraries as they are published, bare and guarded: what is allowed is as it was, what is denied reaches nobody.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Denial, type How, policyFor, runClient } from './run-client.js';
import { plain, secure, type Seen } from './site.js';

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
  /** What it never ends by itself, in bare Node either. */
  readonly omit?: readonly string[];
}

const nodeMajor = Number(process.versions.node.split('.')[0]);
const undici = ['fetch', 'request', 'request own', 'stream', 'pipeline'];
const ROWS: readonly Row[] = [
  { package: 'axios', client: 'axios', variant: 'http' },
  { package: 'axios', client: 'axios', variant: 'fetch', how: ['register', 'wrap'] },
  { package: 'got', client: 'got' },
  { package: 'got', client: 'got', variant: 'http2', secure: true },
  { package: 'got-newest', client: 'got', node: 22 },
  { package: 'ky', client: 'ky', how: ['register', 'wrap'] },
  { package: 'ky-newest', client: 'ky', how: ['register', 'wrap'], node: 22 },
  { package: 'node-fetch', client: 'node-fetch' },
  { package: 'node-fetch-2', client: 'node-fetch', omit: ['an answer that is too short'] },
  { package: 'superagent', client: 'superagent' },
  ...undici.map(variant => ({ package: 'undici', client: 'undici', variant })),
  ...undici.map(variant => ({ package: 'undici-newest', client: 'undici', variant, node: 22 })),
];

for (const row of ROWS.filter(r=>!process.env.ONLY||new RegExp(process.env.ONLY).test(r.package))) {
  const name = [row.package, row.variant].filter(Boolean).join(' ');
  const skip = nodeMajor < (row.node ?? 0) && `needs Node ${row.node}`;
  test(name, { skip }, async t => {
    const site = await (row.secure ? secure() : plain());
    const forbidden = await (row.secure ? secure() : plain());
    t.after(() => [site, forbidden].forEach(one => one.close()));
    const places = { site, forbidden, policy: policyFor(site) };
    const go = (how: How) => runClient<Said>('driver.mjs', { ...row }, how, places, undo => t.after(undo));
    const bare = await go('bare');
    assert.deepEqual(bare.said.late, []);

    for (const how of row.how ?? ['register']) {
      await t.test(how, async () => {
        const ran = await go(how);
        assert.deepEqual(ran.said.late, []);
        assert.deepEqual(ran.said.allowed, bare.said.allowed);
        assert.equal(ran.said.reuse.same, bare.said.reuse.same);
        assert.deepEqual(onWire(ran.seen).slice(0, bare.seen.length - 1), onWire(bare.seen).slice(0, -1));
        console.log(name, how, ran.said.denied, ran.said.kill, ran.records('decision').filter(r=>r.policy_result==='deny').map(r=>`${r.method} ${r.url_path} ${r.code}`));
        assert.equal(ran.forbidden.connections, 0);
      });
    }
  });
}

/** Ports of this run are alike in all. */
function onWire(seen: readonly Seen[]): readonly unknown[] {
  return seen.map(({ line, headers, body }) => [line, headers, body]);
}
