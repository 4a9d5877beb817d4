/** One HTTP request over a Unix socket. */
import { type Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export function ask(
  socketPath: string,
  path: string,
  body: string | Uint8Array | null = null,
  options: { readonly method?: string; readonly agent?: Agent } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = body === null ? 'GET' : 'POST', agent = false } = options;
    const asked = request({ socketPath, path, method, agent }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () => {
        const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
        resolve({ status: response.statusCode ?? 0, body: parsed, text, headers: response.headers });
      });
    });
    asked.on('error', reject);
    asked.end(body ?? undefined);
  });
}
