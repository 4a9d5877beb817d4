/**
 * The global `fetch`: decided and recorded as the one that `wrap` returns.
 *
 *   in   : the agent, the connections of decided calls
 *   out  : `globalThis.fetch` guarded; its calls go past the guarded dispatcher, since they are decided
 *   never: takes part in what is decided
 */
import { type AnyFunction, patchMethod, type Undo } from '../patch.js';
import type { ProcessPort } from '../port.js';
import type { Pool } from '../undici/pool.js';
import { OwnTimeouts } from './own-timeouts.js';
import { wrapFetch } from './wrap-fetch.js';

export function install(port: ProcessPort, pool: Pool): Undo {
  const { agent, agentId, strict } = port;
  const patch = patchMethod(globalThis, 'fetch', native => {
    const past = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const url = toUrl(input);
      // `data:` and `blob:` leave no machine.
      if (url === null) return (native as typeof fetch)(input, init);
      pool.admit(url);
      const { dispatcher: own } = (init ?? {}) as { readonly dispatcher?: unknown };
      const dispatcher = own instanceof OwnTimeouts ? own.over(pool.dispatcher) : (own ?? pool.dispatcher);
      return (native as typeof fetch)(input, { ...init, dispatcher } as RequestInit);
    };
    return wrapFetch(agent, past as typeof fetch, { agentId, strict }) as AnyFunction;
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
