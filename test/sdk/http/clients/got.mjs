// got; variant `http2` asks for HTTP/2 by ALPN.
export function open({ default: got }, { variant }) {
  const client = got.extend({
    http2: variant === 'http2',
    https: { rejectUnauthorized: false },
    retry: { limit: 1, calculateDelay: ({ computedValue }) => (computedValue > 0 ? 5 : 0) },
  });
  const options = ({ method, headers, body, timeoutMs, signal }) => ({
    method,
    headers,
    body,
    signal,
    timeout: { request: timeoutMs },
  });
  return {
    async ask(url, given = {}) {
      const { statusCode, headers, rawBody, redirectUrls } = await client(url, {
        ...options(given),
        responseType: 'buffer',
      });
      return { status: statusCode, headers, body: rawBody, hops: redirectUrls.length };
    },
    stream: async (url, given = {}) => client.stream(url, options(given)),
  };
}
