// ky, with the process's fetch or with one that it is given.
import { Readable } from 'node:stream';

export function open({ default: ky }, { fetch }) {
  const client = ky.create({ ...(fetch && { fetch }), retry: { limit: 1, delay: () => 5 } });
  const call = (url, { method = 'GET', headers, body, timeoutMs = false, signal }) =>
    client(url, {
      method,
      headers,
      signal,
      timeout: timeoutMs,
      ...(body instanceof Readable ? { body: ReadableStream.from(body), duplex: 'half' } : { body }),
    });
  return {
    async ask(url, given = {}) {
      const response = await call(url, given);
      const body = Buffer.from(await response.arrayBuffer());
      return { status: response.status, headers: [...response.headers], body, hops: response.redirected };
    },
    stream: async (url, given = {}) => (await call(url, given)).body,
  };
}
