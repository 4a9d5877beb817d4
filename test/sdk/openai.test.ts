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
import { Checkrd, CheckrdPolicyDenied, isCheckrdPolicyDenied } from 'checkrd';
import { until } from '../support/until.js';

// From this tier's own lockfile, not from the root's.
const ownRequire = createRequire(join(process.cwd(), 'test', 'sdk', 'packages', 'package.json'));
const { default: OpenAI } = (await import(pathToFileURL(ownRequire.resolve('openai')).href)) as typeof import('openai');

/** Words that no stream here comes to. */
const ENDLESS = 5000;

const home = mkdtempSync(join(tmpdir(), 'checkrd-sdk-'));
mkdirSync(join(home, 'audit'));
const hits: string[] = [];
const server = createServer((request, response) => {
  hits.push(`${request.method} ${request.url}`);
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => answer(JSON.parse(body) as Asked, response));
});
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;

interface Asked {
  readonly model: string;
  readonly stream?: boolean;
  /** `silent`: never answered. */
  readonly user?: string;
  /** Words of a stream. */
  readonly max_tokens?: number;
}

function answer(asked: Asked, response: ServerResponse): void {
  const base = { id: 'c', created: 0, model: asked.model };
  if (asked.user === 'silent') return;
  if (asked.stream !== true) {
    const choices = [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...base, object: 'chat.completion', choices }));
    return;
  }
  response.setHeader('content-type', 'text/event-stream');
  const most = asked.max_tokens ?? ENDLESS;
  let words = 0;
  const timer = setInterval(() => {
    const choices = [{ index: 0, delta: { content: `w${words++} ` }, finish_reason: null }];
    response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices })}\n\n`);
    if (words < most) return;
    clearInterval(timer);
    response.end('data: [DONE]\n\n');
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
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
});

/** The log of an agent as of now. */
const log = (agentId: string): Record<string, unknown>[] =>
  readFileSync(join(home, 'audit', `${agentId}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);

interface Recorded {
  readonly decisions: readonly unknown[];
  readonly outcomes: readonly unknown[];
}

/** What the log says of the calls that began since `from` records. */
function recorded(agentId: string, from: number): Recorded {
  const since = log(agentId).slice(from);
  const of = (type: string, field: string) => since.filter(record => record.type === type).map(record => record[field]);
  return { decisions: of('decision', 'code'), outcomes: of('outcome', 'result') };
}

/** The same, once the outcome is there: who reads an answer may hear of its end first. */
async function recordedAtEnd(agentId: string, from: number): Promise<Recorded> {
  await until('an outcome', () => recorded(agentId, from).outcomes.length > 0);
  return recorded(agentId, from);
}

test('an allowed call answers: one decision, one outcome', async () => {
  const from = log('sdk-answer').length;
  const got = await answering.openai.chat.completions.create({ model: 'small', messages });
  assert.equal(got.choices[0]?.message.content, 'hello');
  assert.deepEqual(await recordedAtEnd('sdk-answer', from), { decisions: ['rule_allowed'], outcomes: ['ok'] });
});

test('a call denied by a body rule never reaches the server; the 403 form makes one record and no retries', async () => {
  const before = hits.length;
  const from = log('sdk-answer').length;
  await assert.rejects(answering.openai.chat.completions.create({ model: 'big', messages }), (error: unknown) => {
    assert.ok(error instanceof OpenAI.APIError);
    assert.equal(error.status, 403);
    assert.equal(error.code, 'default_denied');
    return true;
  });
  assert.equal(hits.length, before);
  assert.deepEqual(recorded('sdk-answer', from), { decisions: ['default_denied'], outcomes: [] });
});

test('the throwing form is found through cause, and recorded once where nothing is retried', async () => {
  const before = hits.length;
  const from = log('sdk-throw').length;
  await assert.rejects(
    throwing.openai.chat.completions.create({ model: 'big', messages }, { maxRetries: 0 }),
    (error: unknown) => error instanceof OpenAI.APIConnectionError && isCheckrdPolicyDenied(error),
  );
  assert.equal(hits.length, before);
  assert.deepEqual(recorded('sdk-throw', from), { decisions: ['default_denied'], outcomes: [] });
});

test('a denial that throws is retried by the client: each try is a call, denied and recorded', async () => {
  const before = hits.length;
  const from = log('sdk-throw').length;
  await assert.rejects(
    throwing.openai.chat.completions.create({ model: 'big', messages }, { maxRetries: 1 }),
    isCheckrdPolicyDenied,
  );
  assert.equal(hits.length, before);
  assert.deepEqual(recorded('sdk-throw', from).decisions, ['default_denied', 'default_denied']);
});

test('a stream flows to its end, and its outcome is `ok`', async () => {
  const from = log('sdk-answer').length;
  const stream = await answering.openai.chat.completions.create({
    model: 'small',
    messages,
    stream: true,
    max_tokens: 20,
  });
  const words: string[] = [];
  for await (const chunk of stream) words.push(chunk.choices[0]?.delta.content ?? '');
  assert.equal(words.length, 20);
  assert.deepEqual(await recordedAtEnd('sdk-answer', from), { decisions: ['rule_allowed'], outcomes: ['ok'] });
});

test('a stream that its reader leaves is recorded as ended by it', async () => {
  const from = log('sdk-answer').length;
  const stream = await answering.openai.chat.completions.create({ model: 'small', messages, stream: true });
  for await (const _chunk of stream) break;
  assert.deepEqual(await recordedAtEnd('sdk-answer', from), { decisions: ['rule_allowed'], outcomes: ['aborted'] });
});

test('a stream flows, and the switch ends it in the middle with the denial itself', async () => {
  const from = log('sdk-answer').length;
  const stream = await answering.openai.chat.completions.create({ model: 'small', messages, stream: true });
  let words = 0;
  await assert.rejects(
    async () => {
      for await (const _chunk of stream) {
        words += 1;
        if (words === 5) writeFileSync(join(home, 'killswitch'), '');
      }
    },
    (error: unknown) => error instanceof CheckrdPolicyDenied && error.code === 'kill_switch',
  );
  assert.ok(words >= 5 && words < ENDLESS, `${words} words`);
  assert.deepEqual(await recordedAtEnd('sdk-answer', from), { decisions: ['rule_allowed'], outcomes: ['killed'] });

  const before = hits.length;
  await assert.rejects(answering.openai.chat.completions.create({ model: 'small', messages }), /kill switch/);
  assert.equal(hits.length, before);
});

test('retries of the client do not outlast the switch: a call in flight fails, and each further try is refused as a call of its own', async () => {
  rmSync(join(home, 'killswitch'), { force: true });
  await until('released', () => throwing.checkrd.healthy().holds.length === 0);
  const from = log('sdk-throw').length;
  const before = hits.length;
  // Never answered: the client waits, is cut off, and tries again.
  const call = throwing.openai.chat.completions.create({ model: 'small', messages, user: 'silent' }, { maxRetries: 2 });
  const failed = assert.rejects(call, isCheckrdPolicyDenied);
  await until('it is with the server', () => hits.length === before + 1);
  writeFileSync(join(home, 'killswitch'), '');
  await failed;
  assert.equal(hits.length, before + 1, 'no retry reached the server');
  assert.deepEqual(await recordedAtEnd('sdk-throw', from), {
    decisions: ['rule_allowed', 'kill_switch', 'kill_switch'],
    outcomes: ['killed'],
  });
});

test('a stream that the switch cuts is not begun anew by the client', async () => {
  rmSync(join(home, 'killswitch'), { force: true });
  await until('released', () => throwing.checkrd.healthy().holds.length === 0);
  const from = log('sdk-throw').length;
  const stream = await throwing.openai.chat.completions.create(
    { model: 'small', messages, stream: true },
    { maxRetries: 2 },
  );
  await assert.rejects(async () => {
    for await (const _chunk of stream) writeFileSync(join(home, 'killswitch'), '');
  }, isCheckrdPolicyDenied);
  assert.deepEqual(recorded('sdk-throw', from).decisions, ['rule_allowed']);
  rmSync(join(home, 'killswitch'), { force: true });
});
