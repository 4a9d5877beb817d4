/** The real `openai` package against a local server, through the real library: files in, denials out. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Checkrd, isCheckrdPolicyDenied } from 'checkrd';

// From this tier's own lockfile, not from the root's.
const ownRequire = createRequire(join(process.cwd(), 'test', 'sdk', 'packages', 'package.json'));
const { default: OpenAI } = (await import(pathToFileURL(ownRequire.resolve('openai')).href)) as typeof import('openai');

const home = mkdtempSync(join(tmpdir(), 'checkrd-sdk-'));
mkdirSync(join(home, 'audit'));
const hits: string[] = [];
const server = createServer((request, response) => {
  hits.push(`${request.method} ${request.url}`);
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => answer(JSON.parse(body) as { model: string; stream?: boolean }, response));
});
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;

function answer(asked: { model: string; stream?: boolean }, response: ServerResponse): void {
  const base = { id: 'c', created: 0, model: asked.model };
  if (asked.stream !== true) {
    const choices = [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...base, object: 'chat.completion', choices }));
    return;
  }
  response.setHeader('content-type', 'text/event-stream');
  let words = 0;
  const timer = setInterval(() => {
    const choices = [{ index: 0, delta: { content: `w${words++} ` }, finish_reason: null }];
    response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices })}\n\n`);
    if (words === 500) response.end('data: [DONE]\n\n');
  }, 5);
  response.once('close', () => clearInterval(timer));
}

writeFileSync(
  join(home, 'policy.yaml'),
  `default: deny
rules:
  - name: one-model
    allow:
      method: POST
      url: "http://127.0.0.1:*/v1/chat/completions"
      body: { jsonpath: "$.model", exact: small }
`,
);

const guard = (
  agentId: string,
  onDenied: 'throw' | 'response',
): { checkrd: Checkrd; openai: InstanceType<typeof OpenAI> } => {
  const checkrd = new Checkrd({ agentId, configDir: home, onDenied });
  const openai = new OpenAI({ apiKey: 'k', baseURL: `http://127.0.0.1:${port}/v1`, fetch: checkrd.wrap(fetch) });
  return { checkrd, openai };
};
const throwing = guard('sdk-throw', 'throw');
const answering = guard('sdk-answer', 'response');
const messages = [{ role: 'user' as const, content: 'hi' }];

after(async () => {
  await throwing.checkrd.close();
  await answering.checkrd.close();
  server.closeAllConnections();
  server.close();
  rmSync(home, { recursive: true });
});

test('an allowed call answers', async () => {
  const got = await answering.openai.chat.completions.create({ model: 'small', messages });
  assert.equal(got.choices[0]?.message.content, 'hello');
});

test('a call denied by a body rule never reaches the server; the 403 form makes no retries', async () => {
  const before = hits.length;
  await assert.rejects(answering.openai.chat.completions.create({ model: 'big', messages }), (error: unknown) => {
    assert.ok(error instanceof OpenAI.APIError);
    assert.equal(error.status, 403);
    assert.equal(error.code, 'default_denied');
    return true;
  });
  assert.equal(hits.length, before);
  const lines = readFileSync(join(home, 'audit', 'sdk-answer.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const denials = lines
    .map(line => JSON.parse(line) as { code?: string })
    .filter(record => record.code === 'default_denied');
  assert.equal(denials.length, 1);
});

test('the throwing form is found through cause', async () => {
  const before = hits.length;
  await assert.rejects(
    throwing.openai.chat.completions.create({ model: 'big', messages }, { maxRetries: 0 }),
    (error: unknown) => isCheckrdPolicyDenied(error),
  );
  assert.equal(hits.length, before);
});

test('a stream flows, and the switch ends it in the middle', async () => {
  const stream = await answering.openai.chat.completions.create({ model: 'small', messages, stream: true });
  let words = 0;
  await assert.rejects(
    async () => {
      for await (const _chunk of stream) {
        words += 1;
        if (words === 5) writeFileSync(join(home, 'killswitch'), '');
      }
    },
    (error: unknown) => isCheckrdPolicyDenied(error),
  );
  assert.ok(words >= 5 && words < 500, `${words} words`);
  await assert.rejects(answering.openai.chat.completions.create({ model: 'small', messages }), /kill switch/);
});
