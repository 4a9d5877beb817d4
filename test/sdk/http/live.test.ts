// T-124: WebSockets and event streams, by packages and by the runtime: decided when they open, ended by the switch, refused after it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type How, type Ran, runClient } from './run-client.js';
import { talking } from './talking.js';

interface Said {
  readonly talk: Readonly<Record<string, unknown>>;
  readonly denied: Readonly<Record<string, string>>;
  readonly killed: Readonly<Record<string, string>>;
  readonly later: Readonly<Record<string, string>>;
  readonly late: readonly string[];
}

const nodeMajor = Number(process.versions.node.split('.')[0]);

const PACKAGES = [
  { eventsource: 'eventsource', undici: 'undici', node: 20 },
  { eventsource: 'eventsource-newest', undici: 'undici-newest', node: 22 },
];

for (const { node, ...plan } of PACKAGES) {
  test(`ws, ${plan.eventsource}, ${plan.undici}`, { skip: nodeMajor < node && `needs Node ${node}` }, async t => {
    const run = (how: How): Promise<Ran<Said>> => runClient(t, 'live.mjs', plan, how, talking);
    const [bare, ran] = await Promise.all([run('bare'), run('register')]);
    const { talk, denied, killed, later, late } = ran.said;
    assert.deepEqual([talk, late], [bare.said.talk, bare.said.late]);
    assert.equal(ran.forbidden.connections, 0);
    const paths = (name: string) => Object.keys(talk).map(kind => `/${name}${kind}`);
    const first = (ends: Readonly<Record<string, string>>) => Object.values(ends).map(end => end.split(' ')[0]);

    // Only packages have words for it: `ws` the denial itself, `eventsource` its sentence.
    assert.deepEqual([denied.ws, denied.eventsource], ['error default_denied says why', 'error - says why']);
    assert.deepEqual(first(denied), Array(6).fill('error'));
    for (const path of paths('')) assert.equal(ran.codesOf(path)[0], 'default_denied', path);

    assert.equal(killed.download, 'kill_switch');
    assert.equal(killed.ws, 'close 1006 false');
    for (const kind of Object.keys(talk)) assert.match(killed[kind] ?? '', /^(close|error)/, kind);
    for (const path of ['/endless/download', ...paths('endless/killed-')]) {
      assert.equal(ran.outcomeOf(path)[0], 'killed', path);
    }

    assert.deepEqual([later.ws, later.eventsource], ['error kill_switch says why', 'error - says why']);
    assert.deepEqual(first(later), Array(6).fill('error'));
    for (const path of paths('endless/later-')) assert.equal(ran.codesOf(path)[0], 'kill_switch', path);
    assert.ok(ran.seen.every(({ line }) => !line.includes('later')));
  });
}
