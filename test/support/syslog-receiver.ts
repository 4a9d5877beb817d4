/** The other machine: takes syslog over TCP, octet-counted (RFC 6587), and keeps the text of each message. */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface SyslogReceiver {
  readonly port: number;
  /** Whole messages, with what the sender put before them. */
  readonly messages: string[];
}

export async function syslogReceiver(t: TestContext): Promise<SyslogReceiver> {
  const messages: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    let held = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', piece => {
      held = Buffer.concat([held, piece]);
      for (;;) {
        const space = held.indexOf(0x20);
        const count = space === -1 ? Number.NaN : Number(held.subarray(0, space).toString('latin1'));
        if (space !== -1 && !Number.isInteger(count)) throw new Error(`no octet count: ${held.subarray(0, 40)}`);
        if (!(held.length >= space + 1 + count)) return;
        messages.push(held.subarray(space + 1, space + 1 + count).toString('utf8'));
        held = held.subarray(space + 1 + count);
      }
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, messages };
}
