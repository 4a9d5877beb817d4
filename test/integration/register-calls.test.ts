// T-129: raw connections, and the program's hooks and callers, in a process under `checkrd/register`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertRawCalls, CHECKRD, runGuarded, SERVERS } from '../support/guarded-run.js';

const AGENT = 'registered';

test('a raw connection is decided once', t => assertRawCalls(t, ''));

test('a Checkrd that instruments a guarded process is heard by every edge, and decides nothing', t => {
  const { said, decided, home } = runGuarded(
    t,
    '',
    `${SERVERS}
    const { Checkrd } = await import(${JSON.stringify(CHECKRD)});
    const told = [];
    const guard = new Checkrd({
      agentId: 'speaker',
      onAllow: ({ url, agentId }) => told.push('allow ' + new URL(url).pathname + ' ' + agentId),
      onDeny: ({ url, code }) => told.push('deny ' + new URL(url).pathname + ' ' + code),
      beforeRequest: async ({ url }) => !url.endsWith('/hooked'),
    });
    guard.instrument();
    guard.instrumentOpenAI({ fetch });
    const dispatched = path => new Promise((resolve, reject) => {
      globalThis[Symbol.for('undici.globalDispatcher.1')].dispatch({ origin: at, path, method: 'GET' }, {
        onConnect() {}, onHeaders: resolve, onData: () => true, onComplete() {}, onError: reject,
      });
    }).catch(code);
    const fetched = path => fetch(at + path).then(r => r.status, code);
    const tell = async path => [await got(path), await streamed(path), await fetched(path), await dispatched(path)];
    say({ open: await tell('/open/a'), hooked: await tell('/open/hooked'), denied: await tell('/closed') });
    say({ other: await guard.withOptions({ agentId: 'fixed' }).run({ agentId: 'tenant' }, () => tell('/open/b')) });
    say({ told });
    guard.uninstrument();
    say({ after: await tell('/open/c'), more: told.length });
    process.exit(0);
    `,
  );
  const four = (what: unknown): unknown[] => Array(4).fill(what);
  assert.deepEqual(said, {
    open: four(200),
    hooked: four('hook_refused'),
    denied: four('default_denied'),
    other: four(200),
    told: [
      ...four('allow /open/a registered'),
      ...four('deny /open/hooked hook_refused'),
      ...four('deny /closed default_denied'),
      ...four('allow /open/b tenant'),
    ],
    after: four(200),
    more: 16,
  });
  const one = (code: string, agent = AGENT): unknown[] => four(`GET http127.0.0.1 ${code} ${agent}`);
  assert.deepEqual(decided, [
    ...one('rule_allowed'),
    ...one('hook_refused'),
    ...one('default_denied'),
    ...one('rule_allowed', 'tenant'),
    ...one('rule_allowed'),
  ]);
  assert.equal(home.records('speaker').filter(({ type }) => type === 'decision').length, 0);
});
