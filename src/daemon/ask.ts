import { request } from 'node:http';
import { errorCode } from '../disk/error-code.js';

export type DaemonAnswer =
  | { readonly is: 'answered'; readonly status: number; readonly body: Readonly<Record<string, unknown>> }
  | { readonly is: 'silent'; readonly why: string };

const TIMEOUT_MS = 3000;
const MAX_BYTES = 1024 * 1024;

type TextAnswer = { readonly status: number; readonly text: string } | { readonly why: string };

/** Asks the daemon behind a Unix socket, over a connection of its own: a kept one would not show that it still accepts. Never throws. */
export async function askDaemon(socketPath: string, path: string): Promise<DaemonAnswer> {
  const answer = await askText(socketPath, path);
  if ('why' in answer) return { is: 'silent', why: answer.why };
  try {
    return { is: 'answered', status: answer.status, body: JSON.parse(answer.text) as Record<string, unknown> };
  } catch {
    return { is: 'silent', why: 'it does not answer JSON' };
  }
}

/** As text; null where nobody answers, or not with 200. Never throws. */
export async function askDaemonText(socketPath: string, path: string): Promise<string | null> {
  const answer = await askText(socketPath, path);
  return 'why' in answer || answer.status !== 200 ? null : answer.text;
}

function askText(socketPath: string, path: string): Promise<TextAnswer> {
  return new Promise(resolve => {
    const silent = (why: string) => resolve({ why });
    const asked = request({ socketPath, path, timeout: TIMEOUT_MS, agent: false }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > MAX_BYTES) asked.destroy();
      });
      response.on('error', error => silent(errorCode(error)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    asked.on('error', error => silent(errorCode(error)));
    asked.end();
  });
}
