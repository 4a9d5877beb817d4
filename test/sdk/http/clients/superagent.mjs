// superagent: a builder over node:http.
import { PassThrough, Readable } from 'node:stream';

export function open({ default: superagent }) {
  const call = (url, { method = 'GET', headers = {}, body, timeoutMs, signal }) => {
    const request = superagent(method, url)
      .set(headers)
      .ok(() => true)
      .retry(1);
    if (timeoutMs) request.timeout({ deadline: timeoutMs });
    // Braces: what it returns can be awaited, which would send it.
    signal?.addEventListener('abort', () => {
      request.abort();
    });
    if (signal?.aborted) request.abort();
    if (body !== undefined && !(body instanceof Readable)) request.send(body);
    return request;
  };
  const whole = request =>
    request.buffer(true).parse((response, done) => {
      const parts = [];
      response
        .on('data', part => parts.push(part))
        .on('end', () => done(null, Buffer.concat(parts)))
        .on('error', done);
    });
  return {
    async ask(url, given = {}) {
      if (given.body instanceof Readable) {
        const request = call(url, given);
        return new Promise((resolve, reject) => {
          request.once('error', reject);
          request.once('response', ({ status, headers, text }) => resolve({ status, headers, body: text }));
          given.body.pipe(request);
        });
      }
      const { status, headers, body, redirects } = await whole(call(url, given));
      return { status, headers, body, hops: redirects.length };
    },
    async stream(url, given = {}) {
      const request = call(url, given);
      const through = new PassThrough();
      request.once('error', error => through.destroy(error));
      request.once('abort', () => through.destroy(new Error('aborted')));
      request.pipe(through);
      // A response that breaks off ends nothing that it is piped into.
      request.once('response', response => response.once?.('error', error => through.destroy(error)));
      return through;
    },
  };
}
