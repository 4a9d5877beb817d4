/** A program of a test's own under `checkrd/register`, with servers to call; what it said and what was decided. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Home } from './home.js';
import { registerFlags } from './ways-out.js';

const AGENT = 'registered';
export const CHECKRD = pathToFileURL(resolve('dist/index.js')).href;
/** Allows what is `/open`, and raw connections to this machine. */
const POLICY = `
default: deny
rules:
  - { name: near, allow: { method: CONNECT, url: "tcp://127.0.0.1:*/" } }
  - { name: named, allow: { method: CONNECT, url: "tcp://two.example:*/" } }
  - { name: open, allow: { url: "127.0.0.1:*/open/**" } }
  - { name: path, allow: { tool: "node:net", args: { jsonpath: $.path, regex: "open$" } } }
`;

export interface Ran {
  readonly said: Record<string, unknown>;
  readonly stderr: string;
  /** What was recorded as decided. */
  readonly decided: readonly string[];
  readonly home: Home;
}

export function runGuarded(
  t: TestContext,
  settings: string,
  program: string,
  flags: readonly string[] = registerFlags(),
): Ran {
  const home = new Home({
    'policy.yaml': POLICY,
    'checkrd.yaml': `require_separation: false\n${settings}`,
    'program.mjs': `const say = what => console.log(JSON.stringify(what));\n${program}`,
  });
  t.after(() => home.remove());
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, home.path('program.mjs')], {
    env: { ...process.env, CHECKRD_CONFIG_DIR: home.dir, CHECKRD_AGENT_ID: AGENT },
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(status, 0, stderr);
  const said = stdout.trim().split('\n');
  const decided = home
    .records(AGENT)
    .filter(record => record.type === 'decision')
    .map(
      ({ method, url_scheme = '', url_host = '', tool = '', code, agent_id, session_id = '', parent_span_id = '' }) =>
        `${method} ${url_scheme}${url_host}${tool} ${code} ${agent_id} ${session_id}${parent_span_id}`.trim(),
    );
  return { said: Object.assign({}, ...said.map(line => JSON.parse(line) as object)), stderr, decided, home };
}

/** Top of a program: servers of its own, and calls to them. */
export const SERVERS = `
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';
const code = error => error?.name === 'CheckrdPolicyDenied' ? error.code : String(error.code ?? error);
const server = http.createServer((asked, answer) => answer.end('ok')).listen(0, '127.0.0.1');
const plain = http2.createServer((asked, answer) => answer.end('ok')).listen(0, '127.0.0.1');
await Promise.all([once(server, 'listening'), once(plain, 'listening')]);
const { port } = server.address();
const at = 'http://127.0.0.1:' + port;
const got = path => new Promise((resolve, reject) =>
  http.get(at + path, answer => resolve(answer.resume().statusCode)).on('error', reject)).catch(code);
const streamed = path => new Promise(resolve => {
  const session = http2.connect('http://127.0.0.1:' + plain.address().port).on('error', () => undefined);
  const stream = session.request({ ':path': path });
  stream.on('response', head => resolve(head[':status'])).on('error', error => resolve(code(error)));
  stream.resume().on('close', () => session.close());
});
const ended = socket => new Promise(resolve => {
  socket.on('error', error => resolve(code(error))).on('connect', () => { resolve('connect'); socket.destroy(); });
});
`;

/** Raw connections of every kind, one after another. */
export function assertRawCalls(t: TestContext, settings: string): void {
  const { said, decided } = runGuarded(
    t,
    settings,
    `${SERVERS}
      const { run } = await import(${JSON.stringify(CHECKRD)});
      const socket = new net.Socket();
      say({ once: await ended(socket.connect(port, '127.0.0.1')) });
      await once(socket, 'close');
      say({ again: await ended(socket.connect(port, 'forbidden.example')) });
      say({ families: await ended(net.connect({
        host: 'two.example', port, autoSelectFamily: true,
        lookup: (name, { all }, done) => done(null, all ? [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4),
      })) });
      const under = net.connect(port, '127.0.0.1');
      await once(under, 'connect');
      const over = tls.connect({ socket: under, rejectUnauthorized: false });
      say({ tls: await new Promise(resolve => over.on('error', () => resolve('no TLS there'))) });
      const early = net.connect(port, '127.0.0.1');
      early.destroy();
      say({ early: await new Promise(resolve => early.on('close', failed => resolve(failed ?? false))) });
      const local = net.createServer(socket => socket.destroy()).listen(process.env.CHECKRD_CONFIG_DIR + '/open');
      await once(local, 'listening');
      say({ unix: await ended(net.connect(process.env.CHECKRD_CONFIG_DIR + '/open')) });
      say({ closed: await ended(net.connect({ path: process.env.CHECKRD_CONFIG_DIR + '/closed' })) });
      say({ tenant: await run({ agentId: 'tenant', sessionId: 's1' }, () => ended(net.connect(port, '127.0.0.1'))) });
      process.exit(0);
      `,
  );
  assert.deepEqual(said, {
    once: 'connect',
    again: 'default_denied',
    families: 'connect',
    tls: 'no TLS there',
    early: false,
    unix: 'connect',
    closed: 'default_denied',
    tenant: 'connect',
  });
  const near = 'CONNECT tcp127.0.0.1 rule_allowed registered';
  assert.deepEqual(decided, [
    near,
    'CONNECT tcpforbidden.example default_denied registered',
    'CONNECT tcptwo.example rule_allowed registered',
    near,
    near,
    'POST node:net rule_allowed registered',
    'POST node:net default_denied registered',
    'CONNECT tcp127.0.0.1 rule_allowed tenant s1',
  ]);
}
