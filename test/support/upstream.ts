import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A local HTTP server that remembers what reached it. */
export interface Upstream {
  readonly origin: string;
  readonly seen: string[];
  close(): Promise<void>;
}

export async function upstream(
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end('ok'),
): Promise<Upstream> {
  const seen: string[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

/** Answers with a chunk every few milliseconds, for ever. */
export function endless(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('content-type', 'text/event-stream');
  let n = 0;
  const timer = setInterval(() => response.write(`data: ${n++}\n\n`), 5);
  response.once('close', () => clearInterval(timer));
}
