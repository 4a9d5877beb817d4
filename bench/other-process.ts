/** A process of its own: the upstream on loopback, and a hand that touches, removes and renames files when told. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

type Order =
  | { readonly act: 'touch' | 'remove'; readonly path: string; readonly afterMs: number }
  | { readonly act: 'rename'; readonly path: string; readonly to: string; readonly afterMs: number }
  | { readonly act: 'write'; readonly path: string; readonly text: string; readonly afterMs: number };

export const TRANSFER_BYTES = 100_000_000;

export interface OtherProcess {
  /**
   * `GET /` answers JSON, `GET /stream` a chunk every 5 ms for ever, `GET /held` one and no more; `GET /large` many bytes, and
   * `POST /large` how many came.
   */
  readonly url: string;
  /** Each answers with the time right after the system call, in ns of the clock all processes share. */
  touch(path: string, afterMs?: number): Promise<bigint>;
  remove(path: string): Promise<bigint>;
  rename(path: string, to: string, afterMs?: number): Promise<bigint>;
  /** Into the file that is there. */
  write(path: string, text: string, afterMs?: number): Promise<bigint>;
  close(): void;
}

export async function startOtherProcess(): Promise<OtherProcess> {
  const child = fork(fileURLToPath(import.meta.url), ['serve']);
  const next = (): Promise<string> => new Promise(resolve => child.once('message', told => resolve(String(told))));
  const port = await next();
  const tell = async (order: Order): Promise<bigint> => {
    const done = next();
    child.send(order);
    return BigInt(await done);
  };
  return {
    url: `http://127.0.0.1:${port}/`,
    touch: (path, afterMs = 0) => tell({ act: 'touch', path, afterMs }),
    remove: path => tell({ act: 'remove', path, afterMs: 0 }),
    rename: (path, to, afterMs = 0) => tell({ act: 'rename', path, to, afterMs }),
    write: (path, text, afterMs = 0) => tell({ act: 'write', path, text, afterMs }),
    close: () => stop(child),
  };
}

function stop(child: ChildProcess): void {
  child.disconnect();
  child.kill();
}

function act(order: Order): void {
  if (order.act === 'touch') closeSync(openSync(order.path, 'a'));
  else if (order.act === 'rename') renameSync(order.path, order.to);
  else if (order.act === 'write') writeFileSync(order.path, order.text);
  else rmSync(order.path, { force: true });
  process.send?.(process.hrtime.bigint().toString());
}

async function large(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'POST') {
    let came = 0;
    for await (const chunk of request) came += (chunk as Buffer).length;
    response.end(`${came}`);
    return;
  }
  const chunk = Buffer.alloc(65_536);
  for (let left = TRANSFER_BYTES; left > 0; left -= chunk.length) {
    if (!response.write(left < chunk.length ? chunk.subarray(0, left) : chunk)) await once(response, 'drain');
  }
  response.end();
}

function serve(): void {
  const server = createServer((request, response) => {
    if (request.url === '/large') {
      large(request, response).catch(() => response.destroy());
      return;
    }
    request.resume();
    if (request.url === '/held') {
      response.write('first');
      return;
    }
    if (request.url !== '/stream') {
      response.setHeader('content-type', 'application/json');
      response.end('{"id":"1","object":"answer","content":"Hello from upstream."}');
      return;
    }
    response.write('tick\n');
    const ticking = setInterval(() => response.write('tick\n'), 5);
    response.on('close', () => clearInterval(ticking));
  });
  server.listen(0, '127.0.0.1', () => process.send?.(`${(server.address() as AddressInfo).port}`));
  process.on('message', (order: Order) => setTimeout(act, order.afterMs, order));
  process.on('disconnect', () => process.exit(0));
}

if (process.argv[2] === 'serve' && process.send !== undefined) serve();
