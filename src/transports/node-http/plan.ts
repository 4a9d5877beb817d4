/**
 * What has to be decided about one request before it may be dialled.
 *
 *   in   : the head as it will be written, the address that will be dialled
 *   out  : the steps, each of which must be allowed; the last one is the request itself
 *   never: decides
 *
 * Where the address that is dialled is not the one the request speaks to (a proxy, a Unix socket), dialling it is a step of
 * its own: `CONNECT tcp://host:port/`; a Unix socket is the tool `node:net` with its path, as for raw sockets.
 */
import { TOOL_METHOD } from '../../core/decide/tool-request.js';
import type { ActionRequest, Body, HttpRequest, ToolRequest } from '../../core/decide/types.js';
import type { Head } from './head.js';
import type { Dial } from './hold.js';
import { absoluteUrl, authorityOf, isSendable, normalTarget, urlOf } from './target.js';

export type Plan =
  | { readonly kind: 'steps'; readonly before: ActionRequest | null; readonly request: HttpRequest }
  | {
      readonly kind: 'refuse';
      /** Default `request_invalid`. */
      readonly code?: 'redirect_refused';
      readonly reason: string;
      readonly request: Partial<HttpRequest>;
    };

export function planOf(protocol: string, head: Head, to: Dial, body: Body): Plan {
  const { method, target, lines } = head;
  const refuse = (reason: string, url?: string): Plan => {
    return { kind: 'refuse', reason, request: { method, ...(url === undefined ? {} : { url }) } };
  };
  const authority = authorityOf(to.host, to.port);
  if (authority === null) return refuse('the host or the port is none that can be judged');
  const own = urlOf(protocol, authority, '/');
  if (own === null) return refuse('the host or the port is none that can be judged');
  // Node looks at the path it is given, not at one that is set later.
  if (!isSendable(target)) return refuse('the request target holds what cannot be sent', own);
  if (to.servername !== null && !sameName(to.servername, to.host)) {
    return refuse('the TLS server name names another host', own);
  }
  const dialling = to.socketPath === null ? connect(`tcp://${authority}/`) : unixSocket(to.socketPath);

  if (method === 'CONNECT') {
    const aim = /^([^/?#@\s]+):(\d{1,5})$/.exec(target);
    if (aim === null) return refuse('the target of CONNECT is no host and port', own);
    // Its Host header names the proxy or the target; neither is where the tunnel's bytes end.
    const rest = lines.filter(([name]) => name.toLowerCase() !== 'host');
    return { kind: 'steps', before: dialling, request: { ...connect(`tcp://${target}/`), headers: rest } };
  }
  const direct = target.startsWith('/') || (target === '*' && method === 'OPTIONS');
  if (direct) {
    if (normalTarget(target) !== target) return refuse('the path is not in its normal form', own);
    const url = urlOf(protocol, authority, target === '*' ? '/' : target);
    if (url === null) return refuse('the host or the path is none that can be judged', own);
    const before = to.socketPath === null ? null : dialling;
    return { kind: 'steps', before, request: { method, url, headers: lines, body } };
  }
  const url = absoluteUrl(target);
  if (url === null) return refuse('the request target is neither a path nor a URL in its normal form', own);
  const before = to.socketPath === null && url.origin === new URL(own).origin ? null : dialling;
  return { kind: 'steps', before, request: { method, url: url.href, headers: lines, body } };
}

function connect(url: string): HttpRequest {
  return { method: 'CONNECT', url, headers: [], body: { kind: 'none' } };
}

function unixSocket(path: string): ToolRequest {
  const bytes = new TextEncoder().encode(JSON.stringify({ path }));
  return { tool: 'node:net', args: { kind: 'bytes', bytes }, method: TOOL_METHOD, url: null };
}

function sameName(one: string, other: string): boolean {
  const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');
  return plain(one) === plain(other);
}
