/**
 * What is allowed behaves as with plain `node:http2`: each row runs bare, guarded, and guarded with every body read for
 * judgement; the events in their order, the answer, and what the server saw are compared.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2, {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, test } from 'node:test';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { install } from '#src/transports/http2/install.js';
import { lookup } from '../../support/no-such-name.js';
import { SteeredAgent } from '../../support/steered-agent.js';
import { TLS_PAIR } from '../../support/tls-pair.js';

const seen: unknown[] = [];
const sessions = new Set<ServerHttp2Session>();
const turn = promisify(setImmediate);

/** As the path says. */
const answers: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
  '/echo': stream => {
    stream.respond({ ':status': 200, 'content-type': 'text/plain' });
    stream.pipe(stream);
  },
  '/404': stream => {
    stream.respond({ ':status': 404 }, { endStream: true });
    stream.resume();
  },
  '/hints': stream => {
    stream.additionalHeaders({ ':status': 102 });
    stream.additionalHeaders({ ':status': 103, link: '</a>' });
    stream.respond({ ':status': 200 });
    stream.end('hinted');
  },
  '/trailers': stream => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }));
    stream.end('trailed');
  },
  '/push': stream => {
    stream.pushStream({ ':path': '/pushed' }, (error, pushed) => {
      assert.ifError(error);
      pushed.respond({ ':status': 200 });
      pushed.end('pushed');
    });
    stream.respond({ ':status': 200 });
    stream.end('pushing');
  },
  '/big': stream => {
    stream.respond({ ':status': 200 });
    stream.end(Buffer.alloc(300_000, 'b'));
  },
  '/refuse': stream => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM),
  '/cancel': stream => {
    stream.respond({ ':status': 200 });
    stream.write('some');
    setImmediate(() => stream.close(http2.constants.NGHTTP2_CANCEL));
  },
  '/drop': stream => stream.session?.destroy(),
  '/goaway': stream => {
    stream.session?.goaway(http2.constants.NGHTTP2_NO_ERROR);
    stream.respond({ ':status': 200 });
    stream.end('bye');
  },
  '/hang': stream => {
    stream.respond({ ':status': 200 });
    stream.write('hang');
  },
  '/silent': () => undefined,
};
const serve = (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void => {
  const { ':authority': _, ...rest } = headers;
  const row: unknown[] = [rest];
  seen.push(row);
  // How a body is cut into pieces is nobody's promise.
  let size = 0;
  stream.on('data', chunk => {
    size += (chunk as Buffer).length;
  });
  stream.on('end', () => row.push(size));
  stream.on('trailers', trailers => row.push({ ...trailers }));
  stream.on('error', () => undefined);
  if (headers[':method'] === 'CONNECT') {
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
  } else (answers[String(headers[':path'])] ?? answers['/404']!)(stream);
};
const options = { settings: { enableConnectProtocol: true } };
const server = http2.createServer(options).on('stream', serve);
const secure = http2.createSecureServer({ ...TLS_PAIR, ...options }).on('stream', serve);
for (const one of [server, secure]) {
  one.on('sessionError', () => undefined);
  one.on('session', session => sessions.add(session));
  one.listen(0, '127.0.0.1');
  await once(one, 'listening');
}
after(() => {
  for (const session of sessions) session.destroy();
  server.close();
  secure.close();
});
const { port } = server.address() as AddressInfo;
const tlsPort = (secure.address() as AddressInfo).port;
const plain = (): ClientHttp2Session => http2.connect(`http://127.0.0.1:${port}`);

const told = (error: unknown): unknown => {
  const { name, code, message, cause } = error as Error & { code?: string };
  return [name, code, message.replace(/:\d+/g, ''), cause === undefined ? null : String(cause)];
};
const EVENTS = ['headers', 'continue', 'push', 'trailers', 'wantTrailers', 'timeout', 'aborted', 'end'] as const;

/** What a stream says until it has closed. */
function watch(stream: ClientHttp2Stream): { stream: ClientHttp2Stream; closed: Promise<unknown[]> } {
  const said: unknown[] = [];
  let size = 0;
  for (const event of EVENTS) stream.on(event, () => said.push(event));
  stream.on('response', ({ date: _, ...headers }) => said.push(['response', { ...headers }]));
  stream.on('error', error => said.push(['error', told(error)]));
  stream.on('data', chunk => {
    size += chunk.length;
  });
  const closed = new Promise<unknown[]>(resolve => {
    stream.once('close', () => {
      const { rstCode, destroyed, closed, aborted } = stream;
      resolve([said, size, rstCode, destroyed, closed, aborted]);
    });
  });
  return { stream, closed };
}

type Act = (stream: ClientHttp2Stream, session: ClientHttp2Session) => unknown;
const sent = (
  headers: OutgoingHttpHeaders,
  act: Act = stream => stream.end(),
  how: ClientSessionRequestOptions = {},
  connect = plain,
) => {
  return async (): Promise<unknown> => {
    const session = connect();
    session.on('error', () => undefined);
    const { stream, closed } = watch(session.request(headers, how));
    await act(stream, session);
    const said = await closed;
    session.close();
    return said;
  };
};
const post = (act: Act, more: OutgoingHttpHeaders = {}, how: ClientSessionRequestOptions = {}) =>
  sent({ ':method': 'POST', ':path': '/echo', ...more }, act, how);
const thrown = (act: (session: ClientHttp2Session) => unknown) => async (): Promise<unknown> => {
  const session = plain();
  session.on('error', () => undefined);
  await once(session, 'connect');
  try {
    const stream = act(session) as ClientHttp2Stream;
    stream?.on?.('error', () => undefined);
    return 'nothing';
  } catch (error) {
    return told(error);
  } finally {
    session.destroy();
  }
};
const sessionSays = (connect: () => ClientHttp2Session, act: (session: ClientHttp2Session) => unknown) => {
  return async (): Promise<unknown> => {
    const session = connect();
    const said: unknown[] = [];
    for (const event of ['connect', 'localSettings', 'remoteSettings', 'goaway', 'ping', 'close'])
      session.on(event, () => said.push(event));
    session.on('error', error => said.push(['error', told(error)]));
    const closed = new Promise(resolve => session.once('close', resolve));
    const more = await act(session);
    if (!session.destroyed) session.close();
    await closed;
    const { alpnProtocol, encrypted, destroyed, connecting } = session;
    return [said, more, { alpnProtocol, encrypted, destroyed, connecting }];
  };
};
const closes = (session: ClientHttp2Session): Promise<unknown> =>
  new Promise(resolve => session.once('close', resolve));
const settled = (session: ClientHttp2Session): Promise<unknown> => once(session, 'remoteSettings');

const rows: Readonly<Record<string, () => Promise<unknown>>> = {
  GET: sent({ ':path': '/echo' }),
  'no headers': sent(undefined as never),
  'a status': sent({ ':path': '/404' }),
  HEAD: sent({ ':method': 'HEAD', ':path': '/echo' }),
  'headers as lists': sent({ ':path': '/echo', 'x-a': ['1', '2'], cookie: ['a=1', 'b=2'], 'X-Num': 5 as never }),
  'sensitive headers': sent({ ':path': '/echo', 'x-s': 's', [http2.sensitiveHeaders]: ['x-s'] } as never),
  'a query': sent({ ':path': '/echo?a=b' }),
  '1xx': sent({ ':path': '/hints' }),
  trailers: sent({ ':path': '/trailers' }),
  'a large answer': sent({ ':path': '/big' }),
  'a refused stream': sent({ ':path': '/refuse' }),
  'a stream that the server cancels': sent({ ':path': '/cancel' }),
  'a connection that drops': sent({ ':path': '/drop' }),
  GOAWAY: sent({ ':path': '/goaway' }),
  'end with text': post(stream => stream.end('h\u00e4llo')),
  'end with bytes': post(stream => stream.end(Buffer.from('bytes'))),
  'an encoding': post(stream => stream.end('68656c6c6f', 'hex')),
  'an empty body': post(stream => stream.end()),
  'chunks in turns': post(async stream => {
    stream.write('one');
    await turn();
    stream.write('two');
    await turn();
    stream.end('three');
  }),
  'write callbacks': post(async stream => {
    await new Promise(resolve => stream.write('a', resolve));
    await new Promise<void>(resolve => stream.end('b', () => resolve()));
  }),
  'cork and uncork': post(stream => {
    stream.cork();
    stream.write('a');
    stream.write('b');
    stream.uncork();
    stream.end('c');
  }),
  'a stream of a megabyte': async () => {
    const session = plain();
    const { stream, closed } = watch(session.request({ ':method': 'POST', ':path': '/echo' }));
    await pipeline(Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(16_384, 'm'))), stream, {
      end: true,
    }).catch(() => undefined);
    const said = await closed;
    session.close();
    seen.length = 0;
    return said;
  },
  'write after end': post(stream => {
    stream.end('x');
    stream.write('y');
  }),
  'trailers of the request': post(
    stream => {
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': '1' }));
      stream.end('body');
    },
    {},
    { waitForTrailers: true },
  ),
  'endStream: false': sent({ ':path': '/echo' }, stream => stream.end('a GET with a body'), { endStream: false }),
  'endStream: true': sent({ ':method': 'POST', ':path': '/echo' }, () => undefined, { endStream: true }),
  CONNECT: sent({ ':method': 'CONNECT', ':authority': `127.0.0.1:${port}` }, stream => stream.end('tunnel')),
  'extended CONNECT': async () => {
    const session = plain();
    await settled(session);
    const headers = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' };
    const { stream, closed } = watch(session.request(headers));
    stream.end('frames');
    const said = await closed;
    session.close();
    return said;
  },
  'an answer that is pushed': async () => {
    const session = plain();
    const pushed = new Promise(resolve => {
      session.on('stream', (stream, headers) => {
        stream.on('push', async (answer: http2.IncomingHttpHeaders) =>
          resolve([headers[':path'], answer[':status'], Buffer.concat(await stream.toArray()).toString()]),
        );
      });
    });
    const said = await watch(session.request({ ':path': '/push' })).closed;
    const answer = await pushed;
    session.close();
    return [said, answer];
  },
  'a signal that fires': async () => {
    const control = new AbortController();
    return sent({ ':path': '/hang' }, stream => stream.once('data', () => control.abort(new Error('enough'))), {
      signal: control.signal,
    })();
  },
  'a signal that has fired': sent({ ':path': '/hang' }, () => undefined, { signal: AbortSignal.abort('early') }),
  'close of a stream': sent({ ':path': '/hang' }, stream => stream.once('data', () => stream.close())),
  'close with CANCEL': sent({ ':path': '/hang' }, stream =>
    stream.once('response', () => stream.close(http2.constants.NGHTTP2_CANCEL)),
  ),
  'destroy with an error': sent({ ':path': '/hang' }, stream =>
    stream.once('response', () => stream.destroy(new Error('mine'))),
  ),
  'destroy at once': sent({ ':path': '/echo' }, stream => stream.destroy()),
  'a timeout': sent({ ':path': '/hang' }, stream =>
    stream.once('response', () => stream.setTimeout(1, () => stream.close())),
  ),
  'a session destroyed while it answers': sent({ ':path': '/hang' }, (stream, session) =>
    stream.once('data', () => session.destroy()),
  ),
  'many at once': async () => {
    const session = plain();
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, at) => {
        const { stream, closed } = watch(session.request({ ':method': 'POST', ':path': '/echo' }));
        stream.end(`${at}`);
        return closed;
      }),
    );
    session.close();
    return all;
  },
  'properties of a stream': async () => {
    const session = plain();
    const stream = session.request({ ':path': '/echo', b: '1' });
    const { pending, sentHeaders, session: own, endAfterHeaders } = stream;
    const keys = Object.keys(stream);
    const said = await watch(stream).closed;
    session.close();
    return [pending, { ...sentHeaders, ':authority': '' }, own === session, endAfterHeaders, keys, said];
  },
  'keys of a session': async () => {
    const session = plain();
    const keys = [Object.keys(session), session.constructor.name, session.listenerCount('connect'), session.connecting];
    const closed = once(session, 'close');
    await once(session, 'connect');
    session.close();
    await closed;
    return keys;
  },
  'names and lengths': async () => [http2.connect.name, http2.connect.length, promisify.custom in http2.connect],
  'a bad header name': thrown(session => session.request({ 'a b': '1' })),
  'a bad pseudo header': thrown(session => session.request({ ':bad': '1' })),
  'a header of HTTP/1': thrown(session => session.request({ connection: 'close' })),
  'two of one': thrown(session => session.request({ ':path': '/', Host: 'a', host: 'b' })),
  'CONNECT to nowhere': thrown(session => session.request({ ':method': 'CONNECT' })),
  'a bad endStream': thrown(session => session.request({}, { endStream: 1 as never })),
  'bad headers': thrown(session => session.request(5 as never)),
  'a session that was destroyed': async () => {
    const session = plain();
    await settled(session);
    session.destroy();
    try {
      return await watch(session.request({ ':path': '/echo' })).closed;
    } catch (error) {
      return told(error);
    }
  },
  'a bad authority': async () => {
    const wrong = [() => http2.connect('no url'), () => http2.connect(5 as never), () => http2.connect('ftp://a/')];
    return wrong.map(make => {
      try {
        make();
        return 'nothing';
      } catch (error) {
        return told(error);
      }
    });
  },
  // sessions
  'what a session says': sessionSays(plain, settled),
  'a session with a request': sessionSays(plain, session => watch(session.request({ ':path': '/echo' })).closed),
  'a URL, and a listener': async () => {
    const session = await new Promise<ClientHttp2Session>(resolve => {
      const made = http2.connect(new URL(`http://localhost:${port}`), () => resolve(made));
    });
    const said = await watch(session.request({ ':path': '/echo' })).closed;
    session.close();
    return said;
  },
  'a parsed authority': sent({ ':path': '/echo' }, undefined, {}, () =>
    http2.connect({ protocol: 'http:', hostname: '127.0.0.1', port: `${port}` } as never),
  ),
  promisify: async () => {
    const session = (await promisify(http2.connect)(`http://127.0.0.1:${port}`)) as unknown as ClientHttp2Session;
    const said = await watch(session.request({ ':path': '/echo' })).closed;
    session.close();
    return said;
  },
  TLS: async () => {
    const said = await sessionSays(
      () => http2.connect(`https://127.0.0.1:${tlsPort}`, { ca: TLS_PAIR.cert }),
      session => watch(session.request({ ':path': '/echo' })).closed,
    )();
    return said;
  },
  'TLS by name': sessionSays(() => http2.connect(`https://localhost:${tlsPort}`, { ca: TLS_PAIR.cert }), settled),
  'TLS that nobody signed': sessionSays(() => http2.connect(`https://localhost:${tlsPort}`), closes),
  'TLS for another name': sessionSays(
    () => http2.connect(`https://127.0.0.1:${tlsPort}`, { ca: TLS_PAIR.cert, servername: 'other.example' }),
    closes,
  ),
  'checkServerIdentity of its own': sessionSays(
    () =>
      http2.connect(`https://127.0.0.1:${tlsPort}`, {
        ca: TLS_PAIR.cert,
        checkServerIdentity: host => new Error(`not ${host}`),
      }),
    closes,
  ),
  createConnection: sent({ ':path': '/echo' }, undefined, {}, () =>
    http2.connect(`http://127.0.0.1:${port}`, { createConnection: () => net.connect(port, '127.0.0.1') }),
  ),
  'createConnection over TLS': sent({ ':path': '/echo' }, undefined, {}, () =>
    http2.connect(`https://localhost:${tlsPort}`, {
      createConnection: () =>
        tls.connect({
          port: tlsPort,
          host: '127.0.0.1',
          ca: TLS_PAIR.cert,
          servername: 'localhost',
          ALPNProtocols: ['h2'],
        }),
    }),
  ),
  'ping, settings, window': sessionSays(plain, async session => {
    await settled(session);
    session.setLocalWindowSize(100_000);
    const acknowledged = await promisify(session.settings.bind(session) as (s: object, d: () => void) => void)({
      initialWindowSize: 70_000,
    });
    const payload = Buffer.from('12345678');
    const answer = await new Promise(resolve =>
      session.ping(payload, (error, _ms, back) => resolve([error, String(back)])),
    );
    return [acknowledged, answer, session.localSettings.initialWindowSize, session.state.effectiveLocalWindowSize];
  }),
  'goaway of the client': sessionSays(plain, async session => {
    await settled(session);
    session.goaway();
  }),
  'what the socket of a session gives': sessionSays(plain, async session => {
    await settled(session);
    const { remoteAddress, remotePort, encrypted } = session.socket as tls.TLSSocket;
    return [remoteAddress, remotePort === port, encrypted, session.socket instanceof net.Socket];
  }),
  'ref, unref, setTimeout of a session': sessionSays(plain, async session => {
    session.unref();
    session.ref();
    const timeout = once(session, 'timeout');
    session.setTimeout(1);
    await Promise.all([timeout, once(session, 'localSettings')]);
  }),
  'nobody listens at that port': sessionSays(() => http2.connect('http://127.0.0.1:1'), closes),
  'an unknown name': sent({ ':path': '/' }, undefined, {}, () => http2.connect('http://nowhere.invalid', { lookup })),
};

const agent = new SteeredAgent();

test(`${Object.keys(rows).length} behaviours are as without the guard`, async t => {
  for (const [name, run] of Object.entries(rows)) {
    await t.test(name, { timeout: 60_000 }, async () => {
      seen.length = 0;
      const bare = [await run(), [...seen]];
      const undo = install({ agent, agentId: agent.agentId });
      try {
        for (const mode of ['allow', 'need_body'] as const) {
          agent.steer = ({ body }) => (mode === 'need_body' && body.kind === 'unread' ? 'need_body' : 'allow');
          seen.length = 0;
          const guarded = [await run(), [...seen]];
          assert.deepEqual(guarded, bare, mode);
        }
      } finally {
        undo();
      }
    });
  }
  assert.ok(
    agent.calls.every(({ outcomes }) => outcomes.length === 1),
    'each call has one outcome',
  );
});
