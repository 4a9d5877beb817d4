/** One line guards a program's SDKs: the real `openai` package, unchanged, against a local server. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, test } from 'node:test';
import * as library from 'checkrd';
import { Checkrd, CheckrdInitError, isCheckrdPolicyDenied } from 'checkrd';
import OpenAI from 'openai';
import { processCoverage } from '#src/agent/coverage.js';
import { Home } from '../support/home.js';

const home = new Home({
  'policy.yaml': `default: deny
rules:
  - name: chat
    allow: { method: POST, url: "http://127.0.0.1:*/v1/chat/completions" }
`,
});
const hits: string[] = [];
const server = createServer((request, response) => {
  hits.push(request.url ?? '');
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/json');
    const usage = { prompt_tokens: 3, completion_tokens: 4 };
    response.end(JSON.stringify({ object: 'chat.completion', model: 'm-1', choices: [], usage }));
  });
});
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
const native = globalThis.fetch;
const nativeDescriptor = Object.getOwnPropertyDescriptor(globalThis, 'fetch');

afterEach(async () => {
  library.uninstrument();
  await library.shutdown();
  assert.deepEqual(Object.getOwnPropertyDescriptor(globalThis, 'fetch'), nativeDescriptor);
});
after(() => {
  server.closeAllConnections();
  server.close();
  home.remove();
});

const client = (): OpenAI => new OpenAI({ apiKey: 'k', baseURL: `http://${host}/v1` });
const chat = (openai: OpenAI) =>
  openai.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
const forbidden = (openai: OpenAI) => openai.models.list();
let serial = 0;
const init = (options: object = {}): { agentId: string; checkrd: Checkrd } => {
  const agentId = `instrumented-${++serial}`;
  return { agentId, checkrd: library.init({ agentId, configDir: home.dir, killswitchFile: false, ...options }) };
};
const decisions = (agentId: string): unknown[] =>
  home
    .records(agentId)
    .filter(record => record.type === 'decision')
    .map(record => record.code);
const way = (name: string) => library.healthy()?.coverage.find(row => row.way === name);
const code = (expected: string) => (error: unknown) => error instanceof CheckrdInitError && error.code === expected;

test('a client made after instrumentOpenAI is guarded; a denial is a 403 that is not tried again', async () => {
  const { agentId } = init();
  library.instrumentOpenAI();
  const openai = client();
  await chat(openai);
  const before = hits.length;
  await assert.rejects(forbidden(openai), (error: unknown) => error instanceof OpenAI.APIError && error.status === 403);
  assert.equal(hits.length, before);
  assert.deepEqual(decisions(agentId), ['rule_allowed', 'default_denied']);
  const outcome = home.records(agentId).find(record => record.type === 'outcome');
  assert.deepEqual([outcome?.model, outcome?.input_tokens, outcome?.output_tokens], ['m-1', 3, 4]);
});

test('with onDenied: throw the SDK has the denial as its cause', async () => {
  init({ onDenied: 'throw' });
  library.instrument();
  await assert.rejects(fetch(`http://${host}/no`), isCheckrdPolicyDenied);
  const openai = new OpenAI({ apiKey: 'k', baseURL: `http://${host}/v1`, maxRetries: 0 });
  await assert.rejects(forbidden(openai), isCheckrdPolicyDenied);
});

test('once is enough: whatever is called twice, a call has one decision', async () => {
  const { agentId, checkrd } = init();
  for (const again of [1, 2]) {
    library.instrument();
    library.instrumentOpenAI();
    checkrd.instrument();
    library.instrumentAnthropic(client(), ...(again === 2 ? [client()] : []));
  }
  await chat(client());
  await checkrd.wrap(fetch)(`http://${host}/v1/chat/completions`, { method: 'POST' });
  await checkrd.wrap(checkrd.wrap(native))(`http://${host}/v1/chat/completions`, { method: 'POST' });
  const guarded = new OpenAI({ apiKey: 'k', baseURL: `http://${host}/v1`, fetch: checkrd.wrap() });
  await chat(guarded);
  library.instrumentOpenAI(guarded);
  await chat(guarded);
  assert.equal(decisions(agentId).length, 5);
});

test('a client that was made before is seen, and guarded once it is handed in', async () => {
  const old = client();
  const { agentId } = init();
  assert.equal(way('fetch')?.state, 'unknown');
  library.instrumentOpenAI();
  assert.deepEqual([way('fetch')?.state, way('undici')?.state], ['wrapped', 'seen']);
  await chat(client());
  assert.equal(way('undici')?.state, 'seen');

  await forbidden(old);
  assert.deepEqual(decisions(agentId), ['rule_allowed']);
  assert.deepEqual([way('undici')?.state, way('undici')?.passed], ['bypassed', 1]);
  assert.ok(way('undici')?.note?.includes(host));

  library.instrumentOpenAI(old);
  await assert.rejects(forbidden(old), { status: 403 });
  await chat(old);
  assert.deepEqual(decisions(agentId), ['rule_allowed', 'default_denied', 'rule_allowed']);
  assert.equal(way('undici')?.passed, 1);

  library.uninstrumentOpenAI();
  assert.equal(globalThis.fetch, native);
  await forbidden(old);
  assert.equal(way('fetch')?.state, 'unknown');
});

test('a client that asks at each call is guarded as it is, and a method of its own called fetch stays', async () => {
  init();
  const own = (): string => 'its own';
  const cohere = { fetch: own };
  library.instrumentCohere(cohere);
  assert.equal(cohere.fetch, own);
  library.uninstrumentCohere();
  assert.equal(globalThis.fetch, native);
});

test('the last vendor that is taken away gives the fetch back', () => {
  init();
  library.instrumentOpenAI();
  library.instrumentGroq();
  const guarded = globalThis.fetch;
  assert.deepEqual([guarded.name, guarded.length], [native.name, native.length]);
  library.uninstrumentOpenAI();
  assert.equal(globalThis.fetch, guarded);
  library.uninstrumentMistral();
  library.uninstrumentGroq();
  assert.equal(globalThis.fetch, native);
});

test('a patch of somebody else over ours stays, and ours passes everything on', async () => {
  const { agentId } = init();
  library.instrument();
  const ours = globalThis.fetch;
  const theirs: typeof fetch = (input, init) => ours(input, init);
  globalThis.fetch = theirs;
  try {
    assert.equal(way('fetch')?.note, 'another patch lies over it');
    library.uninstrument();
    assert.equal(globalThis.fetch, theirs);
    assert.equal((await fetch(`http://${host}/no`)).status, 200);
    assert.deepEqual(decisions(agentId), []);
  } finally {
    globalThis.fetch = native;
  }
});

test('one agent guards a process; after its close its calls are refused until the next takes over', async () => {
  const { checkrd } = init();
  library.instrument();
  const second = new Checkrd({ agentId: 'second', configDir: home.dir, killswitchFile: false });
  assert.throws(() => second.instrument(), code('already_instrumented'));
  await second.withOptions({}).close();
  await library.shutdown();
  assert.equal((await fetch(`http://${host}/v1/chat/completions`, { method: 'POST' })).status, 403);
  second.instrumentOpenAI();
  await chat(client());
  assert.deepEqual(decisions('second'), ['rule_allowed']);
  checkrd.uninstrument();
  assert.notEqual(globalThis.fetch, native);
  second.uninstrument();
  await second.close();
});

test('where the process is guarded already, instrument changes nothing', () => {
  processCoverage.covers('fetch', 'wrapped');
  try {
    init();
    library.instrument();
    assert.equal(globalThis.fetch, native);
    library.uninstrument();
    assert.equal(way('fetch')?.state, 'wrapped');
  } finally {
    processCoverage.forget('fetch');
  }
});

test('a fetch that cannot be replaced is said', () => {
  init();
  Object.defineProperty(globalThis, 'fetch', { configurable: true, enumerable: true, get: () => native });
  try {
    assert.throws(() => library.instrument(), code('fetch_not_replaceable'));
  } finally {
    Object.defineProperty(globalThis, 'fetch', nativeDescriptor!);
  }
});

test('the functions of the module need init, once', async () => {
  assert.throws(() => library.instrument(), code('not_initialized'));
  assert.throws(() => library.instrumentOpenAI(), code('not_initialized'));
  assert.throws(() => library.wrap(fetch), code('not_initialized'));
  assert.throws(() => library.run({}, () => undefined), code('not_initialized'));
  assert.equal(library.healthy(), null);
  init();
  assert.throws(() => init(), code('already_initialized'));
  assert.throws(() => library.instrumentOpenAI({}), code('client_not_guardable'));
  assert.throws(() => library.instrumentOpenAI(OpenAI), code('client_not_guardable'));
  library.instrumentCohere({});
  library.uninstrument();

  const options = { agentId: 'by-options', configDir: home.dir, killswitchFile: false } as const;
  const own = await library.wrapAsync(fetch, options);
  await assert.rejects(own(`http://${host}/no`), isCheckrdPolicyDenied);
  await library.run({ sessionId: 's' }, () => assert.rejects(library.wrap()(`http://${host}/no`)));
  assert.deepEqual(decisions('by-options'), ['default_denied']);
  await library.shutdown();
  await library.shutdown();
  assert.equal(library.healthy(), null);
  await assert.rejects(own(`http://${host}/no`), { code: 'audit_unavailable' });
});
