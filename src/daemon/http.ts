/**
 * HTTP for the daemon's sockets: routes, limits, timeouts.
 *
 *   in   : a table of routes
 *   out  : a server that reads at most a bounded body in bounded time and answers JSON, or what a reply says that it is
 *   never: knows what a route means
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { MIB } from '../core/limits.js';

export interface Reply {
  readonly status: number;
  /** JSON, without a newline; with a `type`, text that ends with one. */
  readonly body: string;
  /** Media type; absent: JSON. */
  readonly type?: string;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** What it records is recorded before the answer leaves. `body` is empty for GET. */
  handle(body: string): Reply | Promise<Reply>;
}

/** Room for a request whose body is as long as is looked into, and its JSON escapes. */
export function bodyMax(inspectBytes: number): number {
  return Math.max(2 * MIB, 2 * inspectBytes);
}
/** A caller on the same machine needs none of this; who is slower holds a connection on purpose. */
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 60_000;
const CONNECTIONS_MAX = 1024;

export interface HttpTimeouts {
  readonly headersMs: number;
  readonly requestMs: number;
}

export function fail(status: number, code: string, message: string): Reply {
  return { status, body: JSON.stringify({ ok: false, errors: [{ code, message }] }) };
}

/**
 * @param maxBytes Longest body of a request.
 * @param isMeant Whether a request for that `Host` is one for us; absent: any.
 * @param broken Told when a route throws: a defect of ours, answered 500.
 */
export function serve(
  routes: readonly Route[],
  broken: (error: unknown) => void,
  maxBytes: number,
  timeouts: HttpTimeouts = { headersMs: HEADERS_TIMEOUT_MS, requestMs: REQUEST_TIMEOUT_MS },
  isMeant: (host: string | undefined) => boolean = () => true,
): Server {
  const server = createServer(
    {
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      connectionsCheckingInterval: Math.min(1000, timeouts.headersMs),
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: 8192,
    },
    (request, response) => {
      const route = isMeant(request.headers.host) ? routeOf(routes, request) : MISDIRECTED;
      if ('status' in route) {
        answer(request, response, route);
        return;
      }
      readBody(request, maxBytes, (body, refused) => {
        if (refused !== null) {
          answer(request, response, refused);
          return;
        }
        const failed = (error: unknown): void => {
          broken(error);
          answer(request, response, fail(500, 'internal', 'internal error'));
        };
        let reply: Reply | Promise<Reply>;
        try {
          reply = route.handle(body);
        } catch (error) {
          failed(error);
          return;
        }
        if (reply instanceof Promise) reply.then(late => answer(request, response, late)).catch(failed);
        else answer(request, response, reply);
      });
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}

const MISDIRECTED = fail(421, 'misdirected', 'this host name is none of this server');

function routeOf(routes: readonly Route[], request: IncomingMessage): Route | (Reply & { readonly allow?: string }) {
  const path = (request.url ?? '').split('?', 1)[0];
  const here = routes.filter(r => r.path === path);
  if (here.length === 0)
    return fail(404, 'not_found', `there is ${routes.map(r => `${r.method} ${r.path}`).join(', ')}`);
  const route = here.find(r => r.method === request.method || (r.method === 'GET' && request.method === 'HEAD'));
  if (route !== undefined) return route;
  const allow = here.map(r => r.method).join(', ');
  return { ...fail(405, 'method_not_allowed', `${path} takes ${allow}`), allow };
}

/** Calls back once, with the body or with why it is refused. Who hangs up gets no answer. */
function readBody(
  request: IncomingMessage,
  maxBytes: number,
  done: (body: string, refused: Reply | null) => void,
): void {
  // Read to its end all the same, and thrown away: who is still sending would find a closed door instead of the answer.
  // How long that may take is bounded by the server's timeout.
  let over = Number(request.headers['content-length'] ?? 0) > maxBytes;
  const parts: Buffer[] = [];
  let bytes = 0;
  request.on('data', (part: Buffer) => {
    if (over) return;
    bytes += part.length;
    over = bytes > maxBytes;
    if (over) parts.length = 0;
    else parts.push(part);
  });
  request.on('end', () => {
    if (over) {
      done('', fail(413, 'body_too_large', `a body has at most ${maxBytes} bytes`));
      return;
    }
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts));
    } catch {
      done('', fail(400, 'not_utf8', 'the body is not UTF-8'));
      return;
    }
    done(text, null);
  });
  request.on('error', () => {
    parts.length = 0;
  });
}

function answer(request: IncomingMessage, response: ServerResponse, reply: Reply & { readonly allow?: string }): void {
  const text = reply.type === undefined ? `${reply.body}\n` : reply.body;
  response.writeHead(reply.status, {
    'content-type': reply.type ?? 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(reply.allow === undefined ? {} : { allow: reply.allow }),
    // What is left of a body that nobody reads must not be taken for the next request.
    ...(request.complete ? {} : { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}
