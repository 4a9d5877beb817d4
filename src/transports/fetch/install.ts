/**
 * The global `fetch`: decided and recorded as the one that `wrap` returns.
 *
 *   in   : the agent, the connections of decided calls
 *   out  : `globalThis.fetch` guarded; its calls go past the guarded dispatcher, since they are decided
 *   never: takes part in what is decided
 */
import { type AnyFunction, patchMethod, type Undo } from '../patch.js';
import type { ProcessPort } from '../port.js';
import { handedOn } from '../undici/by-fetch.js';
import type { Dispatcher } from '../undici/global.js';
import { globalDispatcher, type Pool } from '../undici/pool.js';
import { OwnTimeouts } from './own-timeouts.js';
import { type WrapFetchOptions, wrapFetch } from './wrap-fetch.js';

export function install(port: ProcessPort, pool: Pool): Undo {
  const { agent, agentId, strict, caller } = port;
  const patch = patchMethod(globalThis, 'fetch', native => {
    const past = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const url = toUrl(input);
      // `data:` and `blob:` leave no machine.
      if (url === null) return (native as typeof fetch)(input, init);
      const { dispatcher: own } = (init ?? {}) as { readonly dispatcher?: unknown };
      const timeouts = own instanceof OwnTimeouts ? own : null;
      if (own !== undefined && timeouts === null) return (native as typeof fetch)(input, init);
      const over = (base: Dispatcher): RequestInit =>
        ({ ...init, dispatcher: timeouts === null ? base : timeouts.over(base) }) as RequestInit;
      const global = globalDispatcher() as Dispatcher;
      if (pool.isOurs(global)) {
        pool.admit(url);
        return (native as typeof fetch)(input, over(pool.dispatcher));
      }
      // Set by the program (a proxy, a mock, retries): its own connections are decided as such.
      const { method, headers, body } = input instanceof Request ? input : (init ?? {});
      return handedOn(url.href, { method, headers, body }, () => (native as typeof fetch)(input, over(global)));
    };
    const options: WrapFetchOptions = {
      agentId,
      caller,
      strict,
      get hooks() {
        return port.hooks;
      },
    };
    return wrapFetch(agent, past as typeof fetch, options) as AnyFunction;
  });
  port.coverage.covers('fetch', 'wrapped', null, () => patch?.isOnTop() === true);
  return () => {
    patch?.undo();
    port.coverage.forget('fetch');
  };
}

function toUrl(input: string | URL | Request): URL | null {
  const url = new URL(typeof input === 'string' || input instanceof URL ? input : input.url);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : null;
}
