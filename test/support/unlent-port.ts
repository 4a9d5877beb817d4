import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const LENT = '/proc/sys/net/ipv4/ip_local_port_range';

/** A free port of this machine that the kernel gives nobody who asks for any: it stays free until someone names it. */
export async function unlentPort(): Promise<number> {
  const [first = 32_768] = readFileSync(LENT, 'utf8').trim().split(/\s+/).map(Number);
  // Where it lends nearly all of them, any is as good.
  const top = first > 8_192 ? first : 65_536;
  for (;;) {
    const port = 1_024 + Math.floor(Math.random() * (top - 1_024));
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    await new Promise(resolve => server.close(resolve));
    if (isFree) return port;
  }
}
