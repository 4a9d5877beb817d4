// T-30 of THREAT-MODEL.md.
/** The switch ends what is in flight, whatever the transport does about its signal. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { wrapFetch } from '#src/transports/fetch/wrap-fetch.js';
import { startFetchServer } from '../../support/fetch-server.js';
import { HOLD, SteeredAgent } from '../../support/steered-agent.js';

const server = await startFetchServer();
after(() => server.close());
const KILLED = { name: 'CheckrdPolicyDenied', code: 'kill_switch' };
const soon = (ms = 20): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** A transport that knows nothing of signals. */
const deaf: typeof fetch = (input, init) => {
  const { signal: _, ...rest } = init ?? {};
  return fetch(input, rest);
};

for (const [name, base] of [
  ['plain fetch', fetch],
  ['a deaf transport', deaf],
] as const) {
  const start = (): { agent: SteeredAgent; f: typeof fetch } => {
    const agent = new SteeredAgent();
    return { agent, f: wrapFetch(agent, base, { agentId: agent.agentId, strict: true }) };
  };
  const killedOnce = (agent: SteeredAgent): void =>
    assert.deepEqual(
      agent.calls.map(c => c.outcomes.map(o => o.result)),
      [['killed']],
    );

  test(`${name}: before the head`, async () => {
    const { agent, f } = start();
    setTimeout(() => agent.kill(), 20);
    await assert.rejects(f(`${server.url}/never`), { ...KILLED, requestId: 'request-1' });
    killedOnce(agent);
  });

  test(`${name}: before the head, with a signal of the caller`, async () => {
    const { agent, f } = start();
    setTimeout(() => agent.kill(), 20);
    await assert.rejects(f(`${server.url}/never`, { signal: new AbortController().signal }), KILLED);
    killedOnce(agent);
  });

  for (const method of ['text', 'json', 'arrayBuffer', 'blob', 'formData', 'bytes'] as const) {
    test(`${name}: while ${method}() reads`, async () => {
      const { agent, f } = start();
      const response = (await f(`${server.url}/stream`)) as Response & Record<typeof method, () => Promise<unknown>>;
      const reading = response[method]();
      setTimeout(() => agent.kill(), 20);
      await assert.rejects(reading, KILLED);
      killedOnce(agent);
    });
  }

  test(`${name}: while a stream waits for its next chunk`, async () => {
    const { agent, f } = start();
    const reader = (await f(`${server.url}/stream`)).body!.getReader();
    assert.equal(Buffer.from((await reader.read()).value!).toString(), 'first');
    setTimeout(() => agent.kill(), 20);
    await assert.rejects(reader.read(), KILLED);
    await assert.rejects(reader.read(), KILLED);
    killedOnce(agent);
  });

  test(`${name}: a chunk that has arrived is not handed out after the switch`, async () => {
    const { agent, f } = start();
    const response = await f(`${server.url}/stream`);
    const reader = response.body!.getReader();
    await soon();
    agent.kill();
    await assert.rejects(reader.read(), KILLED);
  });

  test(`${name}: a body nobody has begun to read`, async () => {
    const { agent, f } = start();
    const response = await f(`${server.url}/json`);
    agent.kill();
    await assert.rejects(response.text(), KILLED);
    killedOnce(agent);
  });

  test(`${name}: clones, pipes and Responses made of the body`, async () => {
    const { agent, f } = start();
    const response = await f(`${server.url}/stream`);
    const clone = response.clone();
    const other = response.clone();
    const all = [clone.text(), new Response(other.body).text(), response.body!.pipeTo(new WritableStream())].map(p =>
      assert.rejects(p, KILLED),
    );
    setTimeout(() => agent.kill(), 20);
    await Promise.all(all);
    killedOnce(agent);
  });
}

test('the reason of the switch is told', async () => {
  const agent = new SteeredAgent();
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  setTimeout(() => agent.kill({ ...HOLD, reason: 'fire drill' }), 20);
  await assert.rejects(f(`${server.url}/never`), { message: 'the kill switch stops every agent: fire drill' });
});

test('the connection is cut', async t => {
  const own = await startFetchServer();
  t.after(() => own.close());
  const agent = new SteeredAgent();
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  const response = await f(`${own.url}/stream`);
  agent.kill();
  await own.cut;
  await assert.rejects(response.text(), KILLED);
});

test('engaged while the body is read for judgement: nothing is sent', async () => {
  const agent = new SteeredAgent(r => (r.body.kind === 'unread' ? 'need_body' : 'allow'));
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  const before = server.seen.length;
  const body = new ReadableStream({
    pull(c) {
      agent.kill();
      c.enqueue(new Uint8Array(1));
      c.close();
    },
  });
  await assert.rejects(f(`${server.url}/echo`, { method: 'POST', body, duplex: 'half' } as RequestInit), KILLED);
  assert.equal(server.seen.length, before);
});

test('engaged between a decision that was waited for and the send: nothing is sent', async () => {
  const agent = new SteeredAgent(r => {
    if (r.body.kind === 'unread') return 'need_body';
    // After this decision, before anything that waits on it.
    queueMicrotask(() => agent.kill());
    return 'allow';
  });
  const f = wrapFetch(agent, fetch, { agentId: agent.agentId, strict: true });
  const before = server.seen.length;
  await assert.rejects(f(`${server.url}/echo`, { method: 'POST', body: 'x' }), KILLED);
  assert.equal(server.seen.length, before);
  assert.deepEqual(
    agent.last.outcomes.map(o => o.result),
    ['killed'],
  );
});

test('without hook and body nothing waits between decision and send', () => {
  const agent = new SteeredAgent();
  let sent = false;
  const base: typeof fetch = () => {
    sent = true;
    return Promise.resolve(new Response('x'));
  };
  void wrapFetch(agent, base, { agentId: agent.agentId, strict: true })('http://a.example/');
  assert.ok(sent);
});
