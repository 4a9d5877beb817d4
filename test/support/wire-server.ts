/** A server that speaks HTTP/1.1 by hand, keeps every byte it is sent, and misbehaves where a path asks for it. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

export interface WireServer {
  readonly port: number;
  /** What each connection has sent, in order of connection. */
  readonly wire: string[];
  /** Connections that are open. */
  readonly open: ReadonlySet<Socket>;
  forget(): void;
  close(): Promise<void>;
}

const ok = (body: string, more = ''): string =>
  `HTTP/1.1 200 OK\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** By path; `early`: answered when the head is here. */
const ANSWERS: Readonly<Record<string, string | ((socket: Socket) => void)>> = {
  '/trailers': `${CHUNKED.replace('\r\n\r\n', '\r\nTrailer: x-sum\r\n\r\n')}3\r\none\r\n3\r\ntwo\r\n0\r\nX-Sum: 6\r\n\r\n`,
  '/hints': `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${ok('late')}`,
  '/204': 'HTTP/1.1 204 No Content\r\n\r\n',
  '/304': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
  '/404': ok('no', 'X-A: 1\r\n').replace('200 OK', '404 Nope'),
  '/500': ok('oh').replace('200 OK', '500 '),
  '/redirect': 'HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n',
  '/head': 'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n',
  '/twice': ok('x', 'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-D: 1\r\nX-D: 2\r\nServer: one\r\nServer: two\r\n'),
  '/latin': Buffer.from(ok('x', 'X-L: caf\u00e9\r\n'), 'latin1').toString('latin1'),
  '/until-close': socket => void socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end'),
  '/close': socket => void socket.end(ok('bye', 'Connection: close\r\n')),
  '/http10': socket => void socket.end('HTTP/1.0 200 OK\r\n\r\nold'),
  '/drop': socket => void socket.destroy(),
  '/reset': socket => void socket.resetAndDestroy(),
  '/short': socket => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
  '/bad-chunk': socket => void socket.end(`${CHUNKED}zz\r\n`),
  '/garbage': socket => void socket.end('NOT HTTP\r\n\r\n'),
  '/huge-head': socket => void socket.end(ok('x', `X-H: ${'h'.repeat(40_000)}\r\n`)),
  '/stream': `${CHUNKED}5\r\nfirst\r\n`,
  '/never': '',
  '/big': ok('b'.repeat(1_000_000)),
  '/double': ok('one') + ok('two'),
};

/** @param tls Key and certificate, to speak TLS. */
export async function startWireServer(tls?: { readonly key: string; readonly cert: string }): Promise<WireServer> {
  const wire: string[] = [];
  const open = new Set<Socket>();
  const serve = (socket: Socket): void => {
    const at = wire.push('') - 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => undefined);
    let rest = '';
    let raw = false;
    let greeted = false;
    socket.on('data', data => {
      wire[at] += data.toString('latin1');
      if (raw) return void socket.write(data);
      rest += data.toString('latin1');
      for (;;) {
        const head = rest.indexOf('\r\n\r\n');
        if (head === -1) return;
        const [method = '', path = ''] = rest.split(' ', 2);
        const lines = rest.slice(0, head).toLowerCase();
        if (lines.includes('\r\nexpect:') && !greeted) {
          if (path.startsWith('/refuses')) return void socket.end('HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n');
          socket.write('HTTP/1.1 100 Continue\r\n\r\n');
          greeted = true;
        }
        if (path.startsWith('/early')) return void socket.end(ok('early', 'Connection: close\r\n'));
        if (method === 'CONNECT' || lines.includes('\r\nupgrade:')) {
          raw = true;
          if (path.startsWith('/declines')) return void socket.end(ok('no upgrade', 'Connection: close\r\n'));
          const first = method === 'CONNECT' ? '200 Connected' : '101 Switching\r\nConnection: upgrade\r\nUpgrade: raw';
          return void socket.write(`HTTP/1.1 ${first}\r\n\r\nfirst bytes`);
        }
        const end = endOfBody(rest, head + 4, lines);
        if (end === -1) return;
        rest = rest.slice(end);
        greeted = false;
        const answer = ANSWERS[path.split('?', 1)[0] ?? ''] ?? ok('ok');
        if (typeof answer === 'function') return answer(socket);
        socket.write(method === 'HEAD' ? answer.slice(0, answer.indexOf('\r\n\r\n') + 4) : answer, 'latin1');
      }
    });
  };
  const server: Server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    wire,
    open,
    forget: () => void wire.splice(0),
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

function endOfBody(text: string, from: number, head: string): number {
  if (head.includes('\r\ntransfer-encoding: chunked')) {
    const last = /(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(text.slice(from));
    return last === null ? -1 : from + last.index + last[0].length;
  }
  const length = /\r\ncontent-length: (\d+)/.exec(head);
  const end = from + Number(length?.[1] ?? 0);
  return text.length < end ? -1 : end;
}
