/**
 * A server that remembers each request as it came, byte for byte, and how many connections there were.
 *
 *   in   : `serve()`
 *   out  : its origin, what it has seen
 *   never: knows who is asking
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { TLS_PAIR } from '../../support/tls-pair.js';

export interface Seen {
  /** `METHOD /path`. */
  readonly line: string;
  /** Names and values in turn, as sent. */
  readonly headers: readonly string[];
  /** SHA-256, hexadecimal; null: the body did not come to its end. */
  readonly body: string | null;
}

export interface Site {
  readonly origin: string;
  readonly port: number;
  readonly server: Server;
  /** Since `take` was called last. */
  connections: number;
  /** What has come since then. */
  take(): { readonly seen: readonly Seen[]; readonly connections: number };
  close(): void;
}

export const plain = (): Promise<Site> => open(createServer(remembering), 'http');
/** HTTP/2, and HTTP/1.1 for who asks for it. */
export const secure = (): Promise<Site> =>
  open(createSecureServer({ ...TLS_PAIR, allowHTTP1: true }, remembering as never), 'https');

const pages = new WeakMap<object, Seen[]>();

async function open(server: Server, scheme: string): Promise<Site> {
  const sockets = new Set<{ destroy(): void }>();
  pages.set(server, []);
  server.on('connection', socket => {
    site.connections++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const site: Site = {
    origin: `${scheme}://127.0.0.1:${port}`,
    port,
    server,
    connections: 0,
    take() {
      const { connections } = site;
      site.connections = 0;
      return { seen: pages.get(server)?.splice(0) ?? [], connections };
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  return site;
}

const remembering = function (this: Server, request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256');
  const at = { line: `${request.method} ${request.url}`, headers: request.rawHeaders, body: null as string | null };
  pages.get(this)?.push(at);
  let size = 0;
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  request.on('data', (part: Buffer) => {
    hash.update(part);
    size += part.length;
  });
  request.on('end', () => {
    at.body = hash.digest('hex');
    answer(request, response, `${size} ${at.body}`);
  });
} satisfies RequestListener;

const TEXT = 'words and words '.repeat(64);
const PACKED = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };

function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
  const url = new URL(request.url ?? '/', 'http://site');
  const [, route = '', argument = ''] = url.pathname.split('/');
  switch (route) {
    case 'redirect':
      response.writeHead(Number(argument), { location: url.searchParams.get('to') ?? '' });
      return void response.end('moved');
    case 'packed':
      response.writeHead(200, { 'content-encoding': argument });
      return void response.end(PACKED[argument as keyof typeof PACKED](TEXT));
    case 'status':
      response.writeHead(Number(argument), { 'set-cookie': ['a=1', 'b=2'], 'x-odd': 'Ä' });
      return void response.end(argument === '204' ? undefined : `{"status":${argument}}`);
    case 'socket':
      return void response.end(String(request.socket.remotePort));
    case 'big':
      return void response.end(Buffer.alloc(1_000_000, 'x'));
    case 'chunks':
      response.write('one,');
      setImmediate(() => response.write('two,'));
      return void setTimeout(() => response.end('three'), 5);
    case 'endless': {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write('data: word\n\n'), 5);
      return void response.once('close', () => clearInterval(timer));
    }
    case 'never':
      return;
    case 'drop':
      return void request.socket.destroy();
    case 'short':
      response.writeHead(200, { 'content-length': '100' });
      return void response.write('half', () => request.socket.destroy());
    default:
      response.writeHead(200, { 'content-type': 'application/json', 'x-two': ['1', '2'], etag: '"e"' });
      return void response.end(
        request.method === 'HEAD' ? undefined : JSON.stringify({ line: `${request.method} ${request.url}`, body }),
      );
  }
}
