/** A real HTTP server on loopback whose paths are the behaviours that fetch tests need. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface FetchServer {
  readonly url: string;
  /** The same server under another origin. */
  readonly other: string;
  /** `METHOD /path` of each request, in order. */
  readonly seen: string[];
  /** Resolves when a request to `/never` or `/stream` has been cut by the client. */
  readonly cut: Promise<void>;
  close(): Promise<void>;
}

export async function startFetchServer(): Promise<FetchServer> {
  const seen: string[] = [];
  let wasCut = (): void => undefined;
  const cut = new Promise<void>(resolve => {
    wasCut = resolve;
  });
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    request.on('error', () => undefined);
    response.on('close', () => {
      if (!response.writableFinished) wasCut();
    });
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    other: `http://localhost:${port}`,
    seen,
    cut,
    async close() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://server');
  const [, route = '', argument = ''] = url.pathname.split('/');
  const query = url.searchParams;
  switch (route) {
    case 'echo':
      return echo(request, response);
    case 'status':
      response.writeHead(Number(argument), 'Some Text', { 'x-a': '1', 'set-cookie': ['a=1', 'b=2'] });
      response.end(argument === '204' || argument === '304' ? undefined : `status ${argument}`);
      return;
    case 'redirect': {
      const to = query.get('to');
      response.writeHead(Number(argument), to === null ? {} : { location: Buffer.from(to).toString('latin1') });
      // Not before the body is here: the answer to a body that was never read is another test.
      request.resume().on('end', () => response.end('moved'));
      return;
    }
    case 'hops': {
      const left = Number(argument);
      response.writeHead(302, { location: left === 1 ? '/echo' : `/hops/${left - 1}` });
      response.end();
      return;
    }
    case 'json':
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(query.has('bad') ? '{"a":' : '{"a":1}');
      return;
    case 'bom':
      response.end('\uFEFFhellö');
      return;
    case 'form':
      response.writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' });
      response.end('a=1&b=%20');
      return;
    case 'gzip':
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync('zipped text'));
      return;
    case 'chunks':
      response.write('one,');
      await new Promise(resolve => setTimeout(resolve, 5));
      response.write('two,');
      await new Promise(resolve => setTimeout(resolve, 5));
      response.end('three');
      return;
    case 'big':
      response.end(Buffer.alloc(1_000_000, 'x'));
      return;
    case 'empty':
      response.end();
      return;
    case 'stream':
      response.writeHead(200);
      response.write('first');
      return;
    case 'never':
      return;
    case 'drop':
      request.socket.destroy();
      return;
    case 'short':
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => request.socket.destroy());
      return;
    default:
      response.writeHead(404);
      response.end();
  }
}

async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      method: request.method,
      path: request.url,
      headers: request.rawHeaders,
      body: Buffer.concat(chunks).toString(),
    }),
  );
}
