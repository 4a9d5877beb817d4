/**
 * The request the program gets: Node's own object, whose writing, ending and events we see.
 *
 *   in   : a genuine request, its exchange
 *   out  : the same object; its prototype is exchanged for one that inherits from the old
 *   never: changes what an allowed request does
 */
import type { ClientRequest } from 'node:http';
import { Exchange } from './exchange.js';
import type { Held } from './hold.js';
import type { NodeRequest } from './node-request.js';
import type { HttpPort } from './port.js';

const exchanges = new WeakMap<object, Exchange>();
const prototypes = new WeakMap<object, object>();

export function guardRequest(port: HttpPort, held: Held): ClientRequest {
  const { request } = held;
  const parent = Object.getPrototypeOf(request) as NodeRequest;
  let own = prototypes.get(parent);
  if (own === undefined) {
    own = guardedPrototype(parent);
    prototypes.set(parent, own);
  }
  const exchange = new Exchange(port, held, error => parent.destroy.call(request as never, error));
  exchanges.set(request, exchange);
  Object.setPrototypeOf(request, own);
  exchange.begin();
  return request as unknown as ClientRequest;
}

function guardedPrototype(parent: NodeRequest): object {
  const methods = {
    _send(this: NodeRequest, ...args: Parameters<NodeRequest['_send']>): boolean {
      const exchange = exchanges.get(this);
      if (exchange === undefined) return parent._send.apply(this, args);
      const [data, encoding] = args;
      const bytes = typeof data === 'string' ? Buffer.byteLength(data, encoding ?? 'utf8') : data.byteLength;
      if (!exchange.mayWrite(bytes)) return false;
      const room = parent._send.apply(this, args);
      exchange.queued();
      return room;
    },
    destroy(this: NodeRequest, error?: Error): unknown {
      if (this.destroyed) return this;
      const result = parent.destroy.call(this as never, error);
      exchanges.get(this)?.destroying();
      return result;
    },
    emit(this: NodeRequest, event: string | symbol, ...args: unknown[]): boolean {
      if (exchanges.get(this)?.seen(event, args) === false) return false;
      return parent.emit.call(this as never, event, ...args);
    },
  };
  const own = Object.getOwnPropertyDescriptors(methods) as Record<string, PropertyDescriptor>;
  for (const descriptor of Object.values(own)) descriptor.enumerable = false;
  return Object.create(parent, own);
}
