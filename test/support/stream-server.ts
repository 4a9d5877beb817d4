/** A server in a process of its own that begins as many answers as it is asked for and ends none of them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface StreamServer {
  readonly url: string;
  /** Streams that are open. */
  open(): Promise<number>;
  close(): void;
}

export async function startStreamServer(): Promise<StreamServer> {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), ['serve']);
  const told = async (): Promise<number> => ((await once(child, 'message')) as [number])[0];
  const port = await told();
  return {
    url: `http://127.0.0.1:${port}`,
    open: () => {
      const answer = told();
      child.send('open');
      return answer;
    },
    close: () => {
      child.disconnect();
    },
  };
}

function serve(): void {
  let open = 0;
  const server = createServer((request, response) => {
    if (request.url === '/whole') return void response.end('whole');
    open++;
    response.on('close', () => open--);
    response.write('first');
  });
  // All of them come at once.
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () =>
    process.send?.((server.address() as AddressInfo).port),
  );
  process.on('message', () => process.send?.(open));
  process.on('disconnect', () => process.exit(0));
}

if (process.argv[2] === 'serve' && process.send !== undefined) serve();
