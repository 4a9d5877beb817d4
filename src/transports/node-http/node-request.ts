/** What this edge uses of Node's request beyond its types. Long-standing names, checked by the tests on every Node we run. */
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';

export interface Queued {
  data: string | Uint8Array;
  encoding: BufferEncoding | null | undefined;
  callback: unknown;
}

export interface NodeRequest extends Omit<ClientRequest, 'onSocket'> {
  /** Null: not made yet. */
  readonly _header: string | null;
  readonly _headerSent: boolean;
  readonly chunkedEncoding: boolean;
  readonly res: import('node:http').IncomingMessage | null;
  agent: unknown;
  /** What waits for a socket, in order, as it will be written. */
  readonly outputData: Queued[];
  readonly outputSize: number;
  _send(data: string | Uint8Array, encoding?: BufferEncoding | null, callback?: unknown, size?: number): boolean;
  onSocket(socket: Socket | null, error?: unknown): void;
}
