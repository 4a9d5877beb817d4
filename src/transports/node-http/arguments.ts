/**
 * The arguments of `http.request` and `https.request`, read once, as Node reads them.
 *
 *   in   : whatever the program passed
 *   out  : one options object of ours, and the callback
 *   never: judges; what Node would refuse is left for Node to refuse
 */
import type { IncomingMessage, RequestOptions } from 'node:http';
import { urlToHttpOptions } from 'node:url';

/** `_defaultAgent`: what `https.request` says to the constructor it shares with `http`. */
export type GivenOptions = RequestOptions;

export interface Given {
  readonly options: GivenOptions;
  readonly callback: ((response: IncomingMessage) => void) | undefined;
}

type Callback = Given['callback'];

/** As `new ClientRequest(input, options, callback)`. @throws TypeError `ERR_INVALID_URL`. */
export function readHttp(args: readonly unknown[]): Given {
  const [input, options, callback] = args;
  const url = fromUrl(input);
  const own = url === null ? input : options;
  const after = url === null ? options : callback;
  if (typeof own === 'function') return { options: { ...url }, callback: own as Callback };
  return { options: Object.assign({}, url, own), callback: after as Callback };
}

/** As `https.request(...args)`, which reads them a little differently. @throws TypeError `ERR_INVALID_URL`. */
export function readHttps(args: readonly unknown[]): Given {
  const rest = [...args];
  const url = fromUrl(rest[0]);
  if (url !== null) rest.shift();
  const own = rest[0] && typeof rest[0] !== 'function' ? (rest.shift() as object) : null;
  return { options: Object.assign({}, url, own), callback: rest[0] as Callback };
}

function fromUrl(input: unknown): RequestOptions | null {
  if (typeof input === 'string') return urlToHttpOptions(new URL(input));
  return isUrl(input) ? urlToHttpOptions(input) : null;
}

/** Node's own test: a URL of any realm, or what looks like one. */
function isUrl(input: unknown): input is URL {
  if (typeof input !== 'object' || input === null) return false;
  const { href, protocol, auth, path } = input as Record<string, unknown>;
  return Boolean(href && protocol) && auth === undefined && path === undefined;
}
