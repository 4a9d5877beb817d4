/** Model and tokens in the outcome: through a real server, however the body is read, and without changing a byte of it. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Checkrd } from '#src/checkrd.js';
import { wrapFetch } from '#src/transports/fetch/wrap-fetch.js';
import { Home } from '../../support/home.js';
import { MODEL_ANSWERS } from '../../support/model-answers.js';
import { SteeredAgent } from '../../support/steered-agent.js';
import { until } from '../../support/until.js';

const EVENT = 'data: {"object":"chat.completion.chunk","model":"slow","choices":[]}\n\n';
/** After which the server leaves the connection open. */
const DONE = `${EVENT}data: [DONE]\n\n`;
const HOSTILE = `{"model":"a\\nb ${'x'.repeat(300)}","usage":{"prompt_tokens":-4,"completion_tokens":7}}`;

const server = createServer((request, response) => {
  const [, route = '', index = '0'] = (request.url ?? '').split('/');
  const answer = MODEL_ANSWERS[Number(index)]!;
  if (route === 'endless') {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(EVENT);
    return;
  }
  if (route === 'done') {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(DONE);
    return;
  }
  if (route === 'hostile') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(HOSTILE);
    return;
  }
  if (route === 'gzip') {
    response.writeHead(200, { 'content-type': answer.type, 'content-encoding': 'gzip' }).end(gzipSync(answer.body));
    return;
  }
  response.writeHead(200, { 'content-type': route === 'text' ? 'text/plain' : answer.type });
  const bytes = Buffer.from(answer.body);
  const half = Math.floor(bytes.length / 2);
  response.write(bytes.subarray(0, half));
  setImmediate(() => response.end(bytes.subarray(half)));
});
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
after(() => {
  server.closeAllConnections();
  server.close();
});

async function byob(response: Response): Promise<string> {
  const reader = response.body!.getReader({ mode: 'byob' });
  const parts: Uint8Array[] = [];
  for (;;) {
    const step = await reader.read(new Uint8Array(100));
    if (step.done) return Buffer.concat(parts).toString();
    parts.push(step.value);
  }
}

const ways: Record<string, (response: Response) => Promise<string>> = {
  text: response => response.text(),
  stream: async response => {
    const parts: Uint8Array[] = [];
    for await (const part of response.body!) parts.push(part);
    return Buffer.concat(parts).toString();
  },
  'byte stream': byob,
  'two clones at once': async response => {
    const [text] = await Promise.all([response.clone().text(), response.text()]);
    return text;
  },
  'through another Response': response => new Response(response.body).text(),
};

for (const [index, answer] of MODEL_ANSWERS.entries()) {
  test(`${answer.name}: read in every way, plain and packed`, async () => {
    for (const [way, readAll] of Object.entries(ways)) {
      for (const route of ['plain', 'gzip']) {
        const agent = new SteeredAgent();
        const guarded = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
        assert.equal(await readAll(await guarded(`${url}/${route}/${index}`)), answer.body, way);
        const [outcome] = agent.last.outcomes;
        assert.deepEqual([outcome?.result, outcome?.usage], ['ok', answer.usage], `${way}, ${route}`);
      }
    }
  });
}

test('a body of another type is not looked at', async () => {
  const agent = new SteeredAgent();
  await (await wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true })(`${url}/text/0`)).text();
  assert.deepEqual(Object.keys(agent.last.outcomes[0] ?? {}).includes('usage'), false);
});

test('what was said before a stream is left, or killed, is kept', async () => {
  const agent = new SteeredAgent();
  const guarded = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  for await (const _ of (await guarded(`${url}/endless`)).body!) break;
  const killed = await guarded(`${url}/endless`);
  const reader = killed.body!.getReader();
  await reader.read();
  agent.kill();
  await assert.rejects(reader.read());
  const said = agent.calls.map(call => [call.outcomes[0]?.result, call.outcomes[0]?.usage]);
  assert.deepEqual(said, [
    ['aborted', { model: 'slow' }],
    ['killed', { model: 'slow' }],
  ]);
});

test('whoever stops reading at the last event has read the answer', async () => {
  const agent = new SteeredAgent();
  const guarded = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  let text = '';
  for await (const part of (await guarded(`${url}/done`)).body!) {
    text += Buffer.from(part).toString();
    if (text === DONE) break;
  }
  assert.deepEqual(agent.last.outcomes, [
    { result: 'ok', statusCode: 200, requestBytes: 0, responseBytes: DONE.length, usage: { model: 'slow' } },
  ]);
});

test('the record has what the answer says, and a claim that has no form is `invalid`', async t => {
  const home = new Home({ 'policy.yaml': 'default: allow\nrules: []\n' });
  const checkrd = new Checkrd({ agentId: 'usage', configDir: home.dir, killswitchFile: false });
  t.after(async () => {
    await checkrd.close();
    home.remove();
  });
  const guarded = checkrd.wrap(fetch);
  await (await guarded(`${url}/plain/0`)).json();
  await (await guarded(`${url}/hostile`)).json();
  const outcomes = () => home.records('usage').filter(record => record.type === 'outcome');
  await until('both outcomes', () => outcomes().length === 2);
  assert.deepEqual(
    outcomes().map(record => [record.model, record.input_tokens, record.output_tokens]),
    [
      ['gpt-4o-2024-08-06', 19, 10],
      ['invalid', undefined, 7],
    ],
  );
});
