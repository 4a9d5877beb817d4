// A second copy of undici: `fetch`, `request`, `stream` and `pipeline`, over the global dispatcher or an Agent of its own.
import { PassThrough, Readable } from 'node:stream';

export function open(undici, { variant }) {
  const [way, own] = variant.split(' ');
  const dispatcher = own && new undici.Agent();
  const options = ({ method = 'GET', headers, body, timeoutMs, signal }) => ({
    ...{ method, headers, body },
    ...(dispatcher && { dispatcher }),
    signal: signal ?? (timeoutMs ? AbortSignal.timeout(timeoutMs) : undefined),
  });
  const ways = {
    async fetch(url, given) {
      const body = given.body instanceof Readable ? ReadableStream.from(given.body) : given.body;
      const response = await undici.fetch(url, { ...options({ ...given, body }), ...(body && { duplex: 'half' }) });
      return { status: response.status, headers: [...response.headers], stream: response.body };
    },
    async request(url, given) {
      const { statusCode, headers, trailers, body } = await undici.request(url, options(given));
      return { status: statusCode, headers, trailers, stream: body };
    },
    stream: (url, given) =>
      new Promise((resolve, reject) => {
        const out = new PassThrough().on('error', () => undefined);
        undici
          .stream(url, options(given), ({ statusCode, headers }) => {
            resolve({ status: statusCode, headers, stream: out });
            return out;
          })
          .catch(error => {
            reject(error);
            out.destroy(error);
          });
      }),
    pipeline: (url, given) =>
      new Promise((resolve, reject) => {
        const { body, ...rest } = options(given);
        const duplex = undici.pipeline(url, rest, ({ statusCode, headers, body: out }) => {
          resolve({ status: statusCode, headers, stream: duplex });
          return out;
        });
        duplex.on('error', reject);
        if (body instanceof Readable) body.pipe(duplex);
        else duplex.end(body);
      }),
  };
  const call = ways[way];
  return {
    async ask(url, given = {}) {
      const { stream, ...head } = await call(url, given);
      const parts = [];
      for await (const part of stream ?? []) parts.push(part);
      return { ...head, body: Buffer.concat(parts) };
    },
    stream: async (url, given = {}) => (await call(url, given)).stream,
  };
}
