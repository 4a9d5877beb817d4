/** A server and a proxy that write down what reaches them, for calls of undici and sockets. */
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';

export interface CallsServer {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  readonly proxyUrl: string;
  readonly proxyPort: number;
  /** Method and path of each request, body behind it. */
  readonly seen: string[];
  /** Targets that the proxy was asked for. */
  readonly tunnels: string[];
}

export async function startCallsServer(t: TestContext): Promise<CallsServer> {
  const seen: string[] = [];
  const tunnels: string[] = [];
  let flaky = 0;
  const server = http.createServer(async (asked, answer) => {
    let body = '';
    for await (const chunk of asked) body += String(chunk);
    const { method, url = '' } = asked;
    seen.push(`${method} ${url}`);
    const said = url === '/open/length' ? String(body.length) : body;
    if (url === '/open/to-open') answer.writeHead(302, { location: '/open/there' }).end();
    else if (url === '/open/to-closed') answer.writeHead(302, { location: '/closed' }).end();
    else if (url === '/open/flaky' && flaky++ % 2 === 0) answer.writeHead(503).end();
    else if (url === '/open/endless') answer.write('first');
    else answer.end(`${lines(asked)}${said}`);
  });
  server.on('upgrade', (asked: IncomingMessage, socket: Duplex) => {
    seen.push(`${asked.headers.upgrade} ${asked.url}`);
    socket.on('error', () => undefined);
    socket.write(`HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: ${asked.headers.upgrade}\r\n\r\n`);
    socket.pipe(socket);
  });
  const proxy = http.createServer((asked, answer) => {
    tunnels.push(asked.url ?? '');
    answer.end('by the proxy');
  });
  proxy.on('connect', (asked: IncomingMessage, socket: Duplex) => {
    tunnels.push(asked.url ?? '');
    const on = net.connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => socket.destroy());
    socket.on('error', () => on.destroy());
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.pipe(on).pipe(socket);
  });
  for (const one of [server, proxy]) {
    one.listen(0, '127.0.0.1');
    await once(one, 'listening');
    t.after(() => {
      one.closeAllConnections();
      one.close();
    });
  }
  const { port } = server.address() as AddressInfo;
  const { port: proxyPort } = proxy.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, proxyUrl: `http://127.0.0.1:${proxyPort}`, proxyPort, seen, tunnels };
}

/** What of the head a test looks at. */
function lines({ headers, method, url }: IncomingMessage): string {
  const two = headers['x-two'] === undefined ? '' : `${String(headers['x-two'])} ${headers['x-null'] === ''} `;
  const type = headers['content-type']?.split(';', 1)[0];
  const framing = method === 'POST' ? `${headers['transfer-encoding'] ?? headers['content-length']} ` : '';
  return `${two}${url?.includes('?') ? `${url} ` : ''}${type === undefined ? '' : `${type} `}${framing}`;
}
