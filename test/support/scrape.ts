/** GET /metrics over a Unix socket, as text. */
import { request } from 'node:http';

export interface Scrape {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
}

export function scrape(socketPath: string): Promise<Scrape> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/metrics', agent: false }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], text }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}
