import { request } from 'node:http';
import { errorCode } from '../disk/error-code.js';

export type DaemonAnswer =
  | { readonly is: 'answered'; readonly status: number; readonly body: Readonly<Record<string, unknown>> }
  | { readonly is: 'silent'; readonly why: string };

const TIMEOUT_MS = 3000;
const MAX_BYTES = 1024 * 1024;

/** Asks the daemon behind a Unix socket, over a connection of its own: a kept one would not show that it still accepts. Never throws. */
export function askDaemon(socketPath: string, path: string): Promise<DaemonAnswer> {
  return new Promise(resolve => {
    const silent = (why: string) => resolve({ is: 'silent', why });
    const asked = request({ socketPath, path, timeout: TIMEOUT_MS, agent: false }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > MAX_BYTES) asked.destroy();
      });
      response.on('error', error => silent(errorCode(error)));
      response.on('end', () => {
        try {
          resolve({
            is: 'answered',
            status: response.statusCode ?? 0,
            body: JSON.parse(text) as Record<string, unknown>,
          });
        } catch {
          silent('it does not answer JSON');
        }
      });
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    asked.on('error', error => silent(errorCode(error)));
    asked.end();
  });
}
