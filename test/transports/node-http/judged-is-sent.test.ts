// T-91 of THREAT-MODEL.md.
/** What is judged of a request is what is written: target, address, headers, body; what cannot be said to be so is refused. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { after, test } from 'node:test';
import { checkRequest } from '#src/core/decide/request.js';
import type { HttpRequest, ToolRequest } from '#src/core/decide/types.js';
import { install } from '#src/transports/node-http/install.js';
import { normalTarget, urlOf } from '#src/transports/node-http/target.js';
import { type Steer, SteeredAgent } from '../../support/steered-agent.js';
import { startWireServer } from '../../support/wire-server.js';

const server = await startWireServer();
const agent = new SteeredAgent();
const undo = install({ agent, agentId: agent.agentId });
after(async () => {
  undo();
  await server.close();
});
const { port } = server;
const here = `127.0.0.1:${port}`;
const at = { host: '127.0.0.1', port, agent: new http.Agent() };
/** The check of the real agent, then the body. */
const real: Steer = ({ method, url, headers, body }) => {
  const checked = checkRequest(method, url, headers);
  return !checked.ok ? 'deny' : body.kind === 'unread' ? 'need_body' : 'allow';
};
agent.steer = real;

type Options = RequestOptions & Record<string, unknown>;
type Act = (request: ClientRequest) => unknown;
const end: Act = request => request.end();
interface Seen {
  readonly status: number | string;
  readonly asked: readonly HttpRequest[];
  readonly wire: string;
}

async function call(options: Options, act: Act = end, module: typeof http | typeof https = http): Promise<Seen> {
  server.forget();
  const before = agent.asked.length;
  const request = module.request({ ...at, ...options } as never);
  const answered = once(request, 'response').then(
    async ([res]: IncomingMessage[]) => {
      await res?.resume().toArray();
      return res?.statusCode ?? 0;
    },
    (error: Error & { code: string }) => error.code,
  );
  await act(request);
  return { status: await answered, asked: agent.asked.slice(before), wire: server.wire.join('') };
}

const judgedUrl = (seen: Seen): string | undefined => seen.asked.at(-1)?.url;
const targetOf = (seen: Seen): string | undefined => seen.wire.split(' ')[1];

test('a target set after Node has looked at the first one', async () => {
  for (const path of ['/a\u010d\u010aX-Added: 1', '/a\u0120b', '/\u0161', '/a\u00e9']) {
    let refusal: string | null = null;
    const seen = await call({ path: '/a' }, request => {
      // Node 24 looks at the second one as well; Node 20 leaves it to us.
      try {
        request.path = path;
        request.end();
      } catch (error) {
        refusal = (error as Error & { code: string }).code;
        request.destroy(error as Error);
      }
    });
    if (refusal !== null) assert.equal(refusal, 'ERR_UNESCAPED_CHARACTERS');
    assert.deepEqual([seen.wire, typeof seen.status], ['', 'string'], JSON.stringify(path));
  }
});

test('the short way of judging a path says what the URL parser says', () => {
  const parts = [
    '/',
    '.',
    '..',
    '%2e',
    '%2E',
    '%',
    'a',
    '?',
    '//',
    ';',
    ':',
    '@',
    "'",
    '"',
    '|',
    '\\',
    '{',
    '[',
    '^',
    '~',
    '=',
    '#',
    '\u00e9',
    '%zz',
    '&',
  ];
  let kept = 0;
  for (let seed = 1, n = 0; n < 20_000; n++) {
    let target = '/';
    for (let left = n % 7; left > 0; left--) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      target += parts[(seed >> 8) % parts.length];
    }
    const normal = normalTarget(target);
    if (normal === target) {
      kept++;
      assert.equal(new URL(`http://h${target}`).href, `http://h${target}`, target);
      assert.equal(urlOf('http:', 'h:1', target), new URL(`http://h:1${target}`).href, target);
    }
  }
  assert.ok(kept > 1_000, `${kept}`);
});

const paths: readonly (readonly [given: string, sent: string])[] = [
  ['/a/../b', '/b'],
  ['/a/./b/%2e%2e/c', '/a/c'],
  ['/a\\..\\b', '/b'],
  ['//far.example/x', '//far.example/x'],
  ['/\\far.example/x', '//far.example/x'],
  ['/q?a="b"&c=<d>', '/q?a=%22b%22&c=%3Cd%3E'],
  ['/caf\u00e9', '/caf%E9'],
  ['/x#fragment', '/x'],
  ['?only=query', '/?only=query'],
  ['/%zz', '/%zz'],
];
for (const [given, sent] of paths) {
  test(`the path ${given} is judged and sent as ${sent}`, async () => {
    const seen = await call({ path: given });
    assert.deepEqual([seen.status, judgedUrl(seen), targetOf(seen)], [200, `http://${here}${sent}`, sent]);
  });
}

test('the headers are those that are written, in their order and spelling', async () => {
  const seen = await call(
    { headers: { 'X-Two': ['1', '2'], 'x-set': 'before' }, auth: 'u:p', setHost: true },
    request => {
      request.setHeader('X-Set', 'after');
      request.removeHeader('x-gone');
      request.end();
    },
  );
  const lines = seen.wire
    .split('\r\n')
    .slice(1, -2)
    .map(line => line.split(': '));
  assert.deepEqual(seen.asked.at(-1)?.headers, lines);
  assert.ok(lines.some(([name]) => name === 'Authorization'));
});

test('an agent whose own options win is judged by where it dials', async () => {
  const elsewhere = new http.Agent({ host: '127.0.0.1', port } as never);
  const own = { host: 'good.example', port: 80, agent: elsewhere };
  const seen = await call(own);
  assert.deepEqual([seen.status, seen.wire, judgedUrl(seen)], ['rule_denied', '', `http://${here}/`]);
  // Without a Host header that gives it away it is the address that counts.
  assert.equal(judgedUrl(await call({ ...own, setHost: false })), `http://${here}/`);
});

const refusals: Readonly<Record<string, readonly [Options, Act?, (typeof http | typeof https)?]>> = {
  'a Host header of another host': [{ headers: { Host: 'good.example' } }],
  'two Host headers': [{ headers: ['Host', here, 'host', 'good.example'] as never }],
  'a path changed behind our back': [{}, request => Object.assign(request, { path: '/a/../b' }).end()],
  'a target that is no path': [{ path: 'x/y' }],
  'an asterisk with GET': [{ path: '*' }],
  'a URL that is not in its normal form': [{ path: 'http://far.example/a/../b' }],
  'a tunnel to nowhere': [{ method: 'CONNECT', path: '/x' }],
  'a host with a path': [{ host: 'good.example/x', headers: { host: here } }],
  'a host with a user': [{ host: 'good.example@127.0.0.1', headers: { host: here } }],
  'a host with a port': [{ host: '127.0.0.1:1', headers: { host: here } }],
  'a host with an escape': [{ host: '127.0.0%2e1', headers: { host: here } }],
  'a host with a zone': [{ host: 'fe80::1%lo', headers: { host: here } }],
  'a port that is none': [{ port: '80x' }],
  'another name for TLS': [{ servername: 'good.example', agent: undefined }, end, https],
  'a body that no header announces': [{ method: 'DELETE' }, request => request.end('GET /smuggled HTTP/1.1\r\n\r\n')],
  'a body longer than its header says': [
    { method: 'POST', headers: { 'Content-Length': 3 } },
    request => request.end('abcGET /smuggled HTTP/1.1\r\n\r\n'),
  ],
  'two ways to end a body': [
    { method: 'POST', headers: { 'Content-Length': 3, 'Transfer-Encoding': 'chunked' } },
    request => request.end('abc'),
  ],
  'a coding of its own': [
    { method: 'POST', headers: { 'Transfer-Encoding': 'gzip, chunked' } },
    request => request.end('abc'),
  ],
};
for (const [name, [options, act, module]] of Object.entries(refusals)) {
  test(`refused: ${name}`, async () => {
    const seen = await call(options, act, module);
    assert.match(`${seen.status}`, /^(request_invalid|rule_denied)$/);
    assert.equal(seen.wire, '');
  });
}

test('what is written past the announced length later on ends the request', async () => {
  const turn = (): Promise<unknown> => new Promise(resolve => setImmediate(resolve));
  agent.steer = () => 'allow';
  const seen = await call({ method: 'POST', headers: { 'Content-Length': 3 } }, async request => {
    request.write('ab');
    await once(request, 'socket');
    await turn();
    request.write('c');
    await turn();
    request.write('GET /smuggled HTTP/1.1\r\n\r\n');
  });
  agent.steer = real;
  assert.ok(!seen.wire.includes('smuggled'));
  assert.equal(agent.refusals.at(-1)?.code, 'request_invalid');
});

// ---- where the address is not what the request speaks to

const steps = (seen: Seen): readonly string[] => seen.asked.map(({ method, url }) => `${method} ${url}`);

test('a proxy is a step of its own, and so is a tunnel', async () => {
  agent.steer = () => 'allow';
  const whole = await call({ path: 'http://far.example/x', headers: { Host: 'far.example' } });
  assert.deepEqual(steps(whole), [`CONNECT tcp://${here}/`, 'GET http://far.example/x']);
  assert.equal(agent.last.context.parentRequestId, agent.calls.at(-2)?.requestId);
  const same = await call({ path: `http://${here}/x` });
  assert.deepEqual(steps(same), [`GET http://${here}/x`]);
  const before = agent.asked.length;
  const tunnel = http.request({ ...at, method: 'CONNECT', path: 'far.example:443' }).end();
  const [, socket] = await once(tunnel, 'connect');
  socket.destroy();
  const seen = { status: 200, wire: '', asked: agent.asked.slice(before) };
  assert.deepEqual(steps(seen), [`CONNECT tcp://${here}/`, 'CONNECT tcp://far.example:443/']);
  agent.steer = real;
});

test('each step must be allowed', async () => {
  agent.steer = ({ url }) => (url.startsWith('http://far.example') ? 'deny' : 'allow');
  const seen = await call({ path: 'http://far.example/x', headers: { Host: 'far.example' } });
  assert.deepEqual([seen.status, seen.wire], ['rule_denied', '']);
  assert.deepEqual(
    agent.last.outcomes.map(o => o.result),
    ['aborted'],
  );
  agent.steer = ({ method }) => (method === 'CONNECT' ? 'deny' : 'allow');
  const other = await call({ path: 'http://far.example/x', headers: { Host: 'far.example' } });
  assert.deepEqual([other.status, other.wire, other.asked.length], ['rule_denied', '', 1]);
  agent.steer = real;
});

test('a Unix socket is a step of its own, named by its path', async () => {
  agent.steer = () => 'allow';
  const seen = await call({ socketPath: '/nowhere/x y.sock', path: '/v1', host: undefined, port: undefined });
  assert.deepEqual(steps(seen), ['POST null', 'GET http://localhost/v1']);
  const socket = seen.asked[0] as unknown as ToolRequest;
  assert.equal(socket.tool, 'node:net');
  assert.equal(
    socket.args.kind === 'bytes' && Buffer.from(socket.args.bytes).toString(),
    '{"path":"/nowhere/x y.sock"}',
  );
  assert.equal(seen.status, 'ENOENT');
  agent.steer = real;
});

// ---- bodies

const bodyOf = (seen: Seen): string | undefined => {
  const body = seen.asked.at(-1)?.body;
  return body?.kind === 'bytes' ? Buffer.from(body.bytes).toString() : body?.kind;
};
const post = { method: 'POST' };

test('the body that is judged is the one that is sent', async () => {
  const own = Buffer.from('first');
  const seen = await call(post, request => {
    request.write(own);
    request.write('h\u00e4', 'utf8');
    request.write('6869', 'hex');
    request.end('\u00e9', 'latin1');
    // Too late: what was judged must go out.
    setImmediate(() => own.fill('x'));
  });
  const body = seen.asked.at(-1)?.body;
  const text = 'firsth\u00c3\u00a4hi\u00e9';
  assert.equal(seen.status, 200);
  assert.equal(body?.kind === 'bytes' && Buffer.from(body.bytes).toString('latin1'), text);
  const pieces = seen.wire.split('\r\n\r\n').slice(1).join('').split('\r\n');
  assert.equal(pieces.filter((_, i) => i % 2 === 1).join(''), text);
});

test('a buffer changed after its callback, and after the judgement, changes nothing', async () => {
  const own = Buffer.from('first');
  const seen = await call(post, async request => {
    await new Promise(resolve => request.write(own, resolve));
    own.fill('x');
    request.end('last');
  });
  assert.equal(bodyOf(seen), 'firstlast');
  assert.ok(seen.wire.includes('first') && !seen.wire.includes('xxxxx'));
});

test('no body, an empty body', async () => {
  assert.equal(bodyOf(await call({})), 'none');
  assert.equal(bodyOf(await call(post)), 'none');
  assert.equal(bodyOf(await call(post, request => request.end(''))), 'none');
  const late = await call(post, request => {
    request.flushHeaders();
    setImmediate(() => request.end());
  });
  assert.equal(bodyOf(late), 'none');
});

test('up to the limit it is read, beyond it is too large, framing not counted', async () => {
  agent.inspectBytes = 100_000;
  const whole =
    (bytes: number): Act =>
    request =>
      request.end(Buffer.alloc(bytes, 'b'));
  const pieces =
    (bytes: number): Act =>
    request => {
      for (let i = 0; i < bytes; i += 1000) request.write(Buffer.alloc(1000, 'b'));
      request.end();
    };
  for (const [act, kind] of [
    [whole(100_000), 'bytes'],
    [whole(100_001), 'too_large'],
    [pieces(100_000), 'bytes'],
    [pieces(101_000), 'too_large'],
  ] as const) {
    const seen = await call(post, act);
    assert.deepEqual([seen.status, seen.asked.at(-1)?.body.kind], [200, kind]);
  }
  agent.inspectBytes = 1024 * 1024;
});

test('a writer that waits for room is given some; what is beyond the limit is not held back', async () => {
  agent.inspectBytes = 200_000;
  let written = 0;
  const seen = await call({ ...post, path: '/ok' }, async request => {
    for (; written < 2_000_000; written += 10_000) {
      if (!request.write(Buffer.alloc(10_000, 'w'))) await once(request, 'drain');
    }
    request.end();
  });
  assert.deepEqual([seen.status, seen.asked.at(-1)?.body.kind], [200, 'too_large']);
  assert.ok(seen.wire.length > 2_000_000);
  agent.inspectBytes = 1024 * 1024;
});

test('a client that waits for 100-continue is told to go on, once', async () => {
  let told = 0;
  const seen = await call({ ...post, headers: { Expect: '100-continue', 'Content-Length': 2 } }, request => {
    request.on('continue', () => {
      told++;
      request.end('go');
    });
  });
  assert.deepEqual([seen.status, bodyOf(seen), told], [200, 'go', 1]);
});

test('a denied body never leaves', async () => {
  agent.steer = ({ body }) => (body.kind === 'unread' ? 'need_body' : 'deny');
  const seen = await call(post, request => request.end('secret'));
  assert.deepEqual([seen.status, seen.wire, bodyOf(seen)], ['rule_denied', '', 'secret']);
  agent.steer = real;
});
