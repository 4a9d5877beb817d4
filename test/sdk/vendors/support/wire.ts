/** A vendor's API on this machine: its wire format is data, its answers are as long as the call asks. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a call asks of a model. A stream of `maxTokens` words; `ENDLESS` of them never come to an end. */
export interface Asked {
  readonly model: string;
  readonly maxTokens: number;
}

/** An event of a stream: its name, where the vendor gives it one, and its data. */
export interface WireEvent {
  readonly event?: string;
  readonly data: unknown;
}

export interface Wire {
  /** Of a request's path and body. `isStream`: whether it wants events. */
  read(path: string, body: Record<string, unknown>): Asked & { readonly isStream: boolean };
  whole(asked: Asked): unknown;
  opening(asked: Asked): readonly WireEvent[];
  word(asked: Asked, text: string): readonly WireEvent[];
  closing(asked: Asked): readonly WireEvent[];
}

/** Tokens that every answer says it was asked with. */
export const INPUT_TOKENS = 11;
export const WORDS = 20;
/** The most that a policy of the pages allows. */
export const ENDLESS = 1000;
export const WHOLE_TEXT = 'hello';
const PACE_MS = 2;

export interface WireServer {
  readonly url: string;
  /** Of connections and requests so far. */
  readonly reached: string;
  close(): Promise<void>;
}

export async function openWire(wire: Wire): Promise<WireServer> {
  let connections = 0;
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => answer(wire, request, text, response));
  }).on('connection', () => connections++);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get reached() {
      return `${connections} connections, ${requests} requests`;
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(wire: Wire, request: IncomingMessage, text: string, response: ServerResponse): void {
  const asked = wire.read(request.url ?? '', text === '' ? {} : (JSON.parse(text) as Record<string, unknown>));
  if (!asked.isStream) {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(wire.whole(asked)));
    return;
  }
  response.setHeader('content-type', 'text/event-stream');
  const send = (events: readonly WireEvent[]): void => {
    for (const { event, data } of events) {
      const name = event === undefined ? '' : `event: ${event}\n`;
      response.write(`${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    }
  };
  send(wire.opening(asked));
  let words = 0;
  const timer = setInterval(() => {
    if (words < asked.maxTokens || asked.maxTokens === ENDLESS) {
      send(wire.word(asked, `w${words++} `));
      return;
    }
    clearInterval(timer);
    send(wire.closing(asked));
    response.end();
  }, PACE_MS);
  response.once('close', () => clearInterval(timer));
}
