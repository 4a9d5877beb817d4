/**
 * A small upstream that speaks the chat part of an OpenAI-compatible API on loopback: JSON, and server-sent events
 * when `stream` is true. It answers like a model would, slowly enough that a stream can be stopped in mid-sentence.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const SENTENCE =
  'Once the switch file appears every agent stops and nobody has to find the right process or the right pod or wait for a control plane to answer';
const WORD_EVERY_MS = 60;

export interface Upstream {
  readonly baseUrl: string;
  /** Requests that reached this server; what was denied is not among them. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

export async function startUpstream(): Promise<Upstream> {
  const seen: string[] = [];
  const server = createServer((request, response) => void answer(request, response, seen));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    seen,
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, seen: string[]): Promise<void> {
  seen.push(`${request.method} ${request.url}`);
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const asked = text === '' ? {} : (JSON.parse(text) as { model?: string; stream?: boolean });
  const model = asked.model ?? 'none';
  if (asked.stream === true) return stream(response, model);
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 0,
      model,
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello from upstream.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 5, completion_tokens: 4, total_tokens: 9 },
    }),
  );
}

async function stream(response: ServerResponse, model: string): Promise<void> {
  response.setHeader('content-type', 'text/event-stream');
  for (const word of SENTENCE.split(' ')) {
    const chunk = { id: 'chatcmpl-2', object: 'chat.completion.chunk', created: 0, model };
    const choices = [{ index: 0, delta: { content: `${word} ` }, finish_reason: null }];
    if (response.destroyed) return;
    response.write(`data: ${JSON.stringify({ ...chunk, choices })}\n\n`);
    await new Promise(resolve => setTimeout(resolve, WORD_EVERY_MS));
  }
  response.end('data: [DONE]\n\n');
}
