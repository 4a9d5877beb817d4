/**
 * A request that Node has built but not begun to dial.
 *
 *   in   : the program's options, the function of Node's that builds the request
 *   out  : the genuine request, and the step that Node would have taken at the end of its constructor
 *   never: resolves a name, opens a socket, takes a pooled one, before `dial` is called
 *
 * Node dials through `agent.addRequest` or the `createConnection` of the options: for the time of the constructor those two
 * are ours. The program's agent is asked for everything else itself.
 */
import http, { type Agent, type ClientRequest } from 'node:http';
import { handOver, sanctioned } from '../sanctioned.js';
import type { GivenOptions } from './arguments.js';
import type { NodeRequest } from './node-request.js';
import { normalTarget } from './target.js';

/** Where the request goes once it is dialled, as far as its options and its agent say. */
export interface Dial {
  readonly host: string;
  /** As given: a number or its digits. */
  readonly port: unknown;
  /** Of a Unix socket, which then is dialled instead. */
  readonly socketPath: string | null;
  /** Named in the TLS handshake by the options; null: Node derives it from the host. */
  readonly servername: string | null;
}

export interface Held {
  readonly request: NodeRequest;
  readonly to: Dial;
  /** @throws what the program's agent throws. */
  dial(): void;
}

type Options = Record<string, unknown>;
/** What Node was about to dial with, and how. */
interface Taken {
  readonly options: Options;
  readonly dial: (options: Options) => void;
}
type OnCreate = (error: unknown, socket?: unknown) => void;
interface AgentLike extends Agent {
  addRequest(request: unknown, options: Options): void;
  readonly options?: unknown;
}

/**
 * @param options Ours: changed on the way to Node.
 * @throws what Node's constructor throws, with nothing held.
 */
export function hold(options: GivenOptions, fallback: Agent, make: (options: GivenOptions) => ClientRequest): Held {
  if (typeof options.path === 'string') options.path = normalTarget(options.path);
  const agent = agentOf(options, fallback);
  // What Node refuses, it refuses before it dials.
  if (agent === 'invalid') return never(make(options));
  let taken: Taken | null = null;
  if (agent === null) {
    const create = options.createConnection as unknown as (options: Options, done: OnCreate) => unknown;
    const instead = (dialled: Options, done: OnCreate): undefined => {
      dialled.createConnection = create;
      taken = { options: dialled, dial: allowed => createBy(allowed, done) };
    };
    options.createConnection = instead as never;
  } else {
    const [isGiven, own] = ['agent' in options, options.agent];
    const addRequest = (request: unknown, dialled: Options): void => {
      // A copy without it, not `delete`: every copy of an object with a hole costs several times more.
      const { agent: _ours, ...rest } = dialled;
      if (isGiven) rest.agent = own;
      taken = { options: rest, dial: allowed => agent.addRequest(request, forAgent(agent, allowed, request)) };
    };
    options.agent = new Proxy(agent, {
      get: (of, key) => (key === 'addRequest' ? addRequest : Reflect.get(of, key, of)),
    });
  }
  const request = make(options) as unknown as NodeRequest;
  if (agent !== null) request.agent = agent;
  if (taken === null) return never(request as unknown as ClientRequest);
  const { options: dialled, dial } = taken as Taken;
  const to = addressOf(dialled, agent);
  return { request, to, dial: () => handOver(() => dial(marked(dialled, to))) };
}

/** As Node chooses it. Null: the options dial by themselves. */
function agentOf(given: GivenOptions, fallback: Agent): AgentLike | null | 'invalid' {
  const { agent } = given as { readonly agent?: unknown };
  const usual = (given._defaultAgent || fallback) as AgentLike;
  if (agent === false) return new (usual.constructor as new () => AgentLike)();
  if (agent === null || agent === undefined) return typeof given.createConnection === 'function' ? null : usual;
  return typeof (agent as Partial<AgentLike>).addRequest === 'function' ? (agent as AgentLike) : 'invalid';
}

function never(request: ClientRequest): never {
  request.destroy();
  throw new TypeError('a request that was dialled without being asked');
}

/** The end of Node's constructor, for options that dial by themselves. */
function createBy(options: Options, done: OnCreate): void {
  try {
    const socket = (options.createConnection as (options: Options, done: OnCreate) => unknown)(options, done);
    if (socket) done(null, socket);
  } catch (error) {
    done(error);
  }
}

/**
 * Agents of other packages look for `https` in the stack to learn whether to use TLS, unless this option tells them; by now
 * the stack is ours.
 */
function forAgent(agent: AgentLike, options: Options, request: unknown): Options {
  if (agent instanceof http.Agent && !('isSecureEndpoint' in agent)) return options;
  const secure = (request as { readonly protocol: string }).protocol === 'https:';
  return { secureEndpoint: secure, ...options };
}

/** An agent's own options win over the request's, as in Node. */
function addressOf(options: Options, agent: AgentLike | null): Dial {
  const own = (agent?.options ?? {}) as Options;
  const said = (key: string): unknown => own[key] ?? options[key];
  const [host, socketPath, servername] = [said('host'), said('socketPath'), said('servername')];
  return {
    host: typeof host === 'string' ? host : '',
    port: said('port'),
    socketPath: typeof socketPath === 'string' && socketPath !== '' ? socketPath : null,
    servername: typeof servername === 'string' && servername !== '' ? servername : null,
  };
}

/** The socket to this address is the call's own. A proxy that an agent dials instead is not, and is decided by itself. */
function marked(options: Options, to: Dial): Options {
  const [at, port] = to.socketPath === null ? [to.host.toLowerCase(), Number(to.port)] : [to.socketPath, 0];
  return sanctioned(options, {
    permits: (host, number) => number === port && (port === 0 ? host : host.toLowerCase()) === at,
  });
}
