// axios over its adapter `http` or `fetch`; with `fetch` given, over that one.
export function open({ default: axios }, { variant, fetch }) {
  const client = axios.create({ adapter: variant, ...(fetch && { env: { fetch } }) });
  const call = (url, { method = 'GET', headers, body, timeoutMs, signal }, responseType) =>
    client.request({
      url,
      method,
      headers,
      data: body,
      timeout: timeoutMs,
      signal,
      responseType,
      maxBodyLength: Infinity,
    });
  return {
    async ask(url, given = {}) {
      const { status, headers, data } = await call(url, given, 'arraybuffer');
      return { status, headers: { ...headers }, body: data };
    },
    stream: async (url, given = {}) => (await call(url, given, 'stream')).data,
  };
}
