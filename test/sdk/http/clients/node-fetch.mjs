// node-fetch 2 and 3: a fetch of their own, over node:http.
export function open({ default: fetch }) {
  const call = (url, { method, headers, body, timeoutMs, signal }) =>
    fetch(url, { method, headers, body, signal: signal ?? (timeoutMs && AbortSignal.timeout(timeoutMs)) });
  return {
    async ask(url, given = {}) {
      const response = await call(url, given);
      const body = Buffer.from(await response.arrayBuffer());
      return { status: response.status, headers: [...response.headers], body, hops: response.redirected };
    },
    stream: async (url, given = {}) => (await call(url, given)).body,
  };
}
