// T-68 of THREAT-MODEL.md.
/** Whatever a call is doing when the switch is engaged, it ends: waiting, sending, reading, following, running. */
import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { Checkrd, CheckrdPolicyDenied } from 'checkrd';
import { failureOf } from '../support/agent-under-test.js';
import { Home } from '../support/home.js';
import { Toucher } from '../support/toucher.js';
import { until } from '../support/until.js';

const POLICY = `default: allow
rules:
  - { name: b, deny: { url: "http://*:*/judged", body: { jsonpath: $.no, exists: true } } }
`;
const ID = 'under-way';
const home = new Home({ 'policy.yaml': POLICY });
const reached: string[] = [];
let uploading = 0;
let cut = 0;
const server = createServer((request, response) => {
  reached.push(request.url ?? '');
  response.once('close', () => cut++);
  // Server-sent events, of which the second never comes.
  if (request.url === '/stream') response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
  else if (request.url === '/upload') request.on('data', () => uploading++).on('error', () => undefined);
  else if (request.url === '/moved') response.writeHead(307, { location: '/judged' }).end();
  else if (request.url === '/whole') request.resume().on('end', () => response.end('ok'));
  // Anything else is never answered.
});
let origin = '';
let checkrd: Checkrd;
let hook: () => unknown = () => undefined;
let guarded: typeof fetch;

before(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  checkrd = new Checkrd({ agentId: ID, configDir: home.dir, beforeRequest: () => hook() });
  guarded = checkrd.wrap();
});
after(async () => {
  await checkrd.close();
  server.closeAllConnections();
  server.close();
  home.remove();
});
beforeEach(async () => {
  hook = () => undefined;
  rmSync(home.path('killswitch'), { force: true });
  await until('released', () => checkrd.healthy().holds.length === 0);
  reached.length = 0;
});

const kill = (): void => writeFileSync(home.path('killswitch'), 'reason: drill\n');
const never = (): Promise<never> => new Promise(() => undefined);
const MESSAGE = 'the kill switch stops every agent: drill';

/** What the log has since the last `kill_released`. */
function logged(type: string): Record<string, unknown>[] {
  const all = home.records(ID);
  const since = all.findLastIndex(r => r.type === 'kill_released');
  return all.slice(since + 1).filter(r => r.type === type);
}
async function aborted(): Promise<unknown> {
  await until('the record', () => logged('kill_engaged').length === 1);
  return logged('kill_engaged')[0]?.aborted;
}
async function denied(work: Promise<unknown>): Promise<void> {
  const error = await failureOf(work);
  assert.ok(error instanceof CheckrdPolicyDenied, String(error));
  assert.deepEqual([error.code, error.message], ['kill_switch', MESSAGE]);
}

test('a hook that never answers', async () => {
  // Engaged by the second hook: a hook that is asked for a second refuses by itself, and this process may be stopped for that long.
  let asked = 0;
  hook = () => {
    if (++asked === 2) kill();
    return never();
  };
  const call = guarded(`${origin}/x`);
  const tool = checkrd.guardTool('t', () => assert.fail('started'))(undefined);
  await Promise.all([denied(call), denied(tool)]);
  assert.equal(await aborted(), 2);
  assert.deepEqual([reached, checkrd.healthy().inFlight], [[], 0]);
  assert.deepEqual(
    logged('decision').map(r => r.code),
    ['kill_switch', 'kill_switch'],
  );
});

test('a body that is collected for judgement and never ends: it is told, and nothing is sent', async () => {
  let told: unknown = null;
  const body = new ReadableStream({
    start: controller => controller.enqueue(new Uint8Array(8)),
    cancel: reason => {
      told = reason;
    },
  });
  const call = guarded(`${origin}/judged`, { method: 'POST', body, duplex: 'half' } as RequestInit);
  await until('waiting', () => checkrd.healthy().inFlight === 1);
  kill();
  await denied(call);
  assert.equal(await aborted(), 1);
  assert.ok(told instanceof CheckrdPolicyDenied);
  assert.deepEqual(reached, []);
});

test('an upload that is being sent', async () => {
  let told: unknown = null;
  const body = new ReadableStream({
    async pull(controller) {
      await new Promise(resolve => setTimeout(resolve, 2));
      controller.enqueue(new Uint8Array(1024));
    },
    cancel: reason => {
      told = reason;
    },
  });
  const call = guarded(`${origin}/upload`, { method: 'POST', body, duplex: 'half' } as RequestInit);
  await until('the server has some of it', () => uploading > 2);
  const cuts = cut;
  kill();
  await denied(call);
  assert.equal(await aborted(), 1);
  await until('cut', () => cut > cuts);
  await until('the source is told', () => told !== null);
  assert.deepEqual(
    logged('outcome').map(r => r.result),
    ['killed'],
  );
});

test('a redirect under way: the next hop waits for its hook', async () => {
  let hops = 0;
  hook = () => {
    if (hops++ === 0) return undefined;
    kill();
    return never();
  };
  const call = guarded(`${origin}/moved`, { method: 'POST', body: '{}' });
  await denied(call);
  assert.equal(await aborted(), 1);
  assert.deepEqual(reached, ['/moved']);
});

test('200 streams at once: all end, and the record says how many and how long', async () => {
  const streams = await Promise.all(Array.from({ length: 200 }, () => guarded(`${origin}/stream`)));
  const readers = streams.map(response => (response.body as ReadableStream<Uint8Array>).getReader());
  await Promise.all(readers.map(reader => reader.read()));
  const ends = Promise.allSettled(
    readers.map(async reader => {
      for (;;) if ((await reader.read()).done) return;
    }),
  );
  const cuts = cut;
  const began = performance.now();
  kill();
  for (const end of await ends) {
    assert.equal(
      end.status === 'rejected' && end.reason instanceof CheckrdPolicyDenied && end.reason.code,
      'kill_switch',
    );
  }
  const tookMs = performance.now() - began;
  assert.equal(await aborted(), 200);
  const abortMs = logged('kill_engaged')[0]?.abort_ms;
  assert.ok(typeof abortMs === 'number' && abortMs >= 0 && abortMs <= Math.ceil(tookMs), `${abortMs} of ${tookMs}`);
  assert.equal(logged('outcome').filter(r => r.result === 'killed').length, 200);
  assert.equal(checkrd.healthy().inFlight, 0);
  await until('cut', () => cut === cuts + 200);
});

test('the program keeps its only thread busy: what is in flight ends in the first turns of the loop after that', async t => {
  const toucher = new Toucher();
  t.after(() => toucher.close());
  const streams = await Promise.all(Array.from({ length: 20 }, () => guarded(`${origin}/stream`)));
  const ends = Promise.allSettled(streams.map(response => response.text()));
  const touched = toucher.touch(home.path('killswitch'));
  // The order is with the other process once this turn ends; from then on the thread is not free until it was done.
  await new Promise(setImmediate);
  while (!existsSync(home.path('killswitch')));
  const refused = guarded(`${origin}/x`);
  await failureOf(refused);
  for (let turn = 0; turn < 20 && logged('kill_engaged').length === 0; turn++) await new Promise(setImmediate);
  assert.equal(checkrd.healthy().inFlight, 0);
  for (const end of await ends) assert.equal(end.status, 'rejected');
  await touched;
  assert.equal(await aborted(), 20);
});

test('a tool is told by its signal, and may end what it has begun', async () => {
  let seen: unknown = null;
  let started = false;
  const tool = checkrd.guardTool('t', async (_: unknown, { signal }) => {
    const own = guarded(`${origin}/stream`, { signal });
    await own;
    started = true;
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()));
    seen = signal.reason;
    signal.throwIfAborted();
  });
  const slow = checkrd.guardTool('slow', (_: unknown, { signal }) => {
    // Code of the program that takes its time holds nobody up: everything else has ended by then.
    signal.addEventListener('abort', () => assert.equal(checkrd.healthy().inFlight, 0));
    return never();
  });
  const calls = [tool(1), slow(1)];
  await until('both run', () => started && checkrd.healthy().inFlight === 3);
  kill();
  await Promise.all(calls.map(denied));
  assert.equal(await aborted(), 3);
  await until('told', () => seen !== null);
  assert.ok(seen instanceof CheckrdPolicyDenied && seen.code === 'kill_switch');
  assert.deepEqual(
    logged('outcome')
      .map(r => r.result)
      .sort(),
    ['killed', 'killed_late', 'killed_late'],
  );
});

test('a call whose hook answers after a kill that has passed goes on as if nothing had been', async () => {
  const seen: number[] = [];
  hook = async () => {
    hook = () => undefined;
    await null;
    seen.push(checkrd.healthy().inFlight);
    writeFileSync(home.path('killswitch'), 'agents: [another]\n');
    // A call looks at the switch, and takes no time in which a hook would be late.
    await checkrd.guardTool('look', () => null)(null);
    seen.push(checkrd.healthy().holds.length);
  };
  const call = guarded(`${origin}/whole`);
  assert.equal(await (await call).text(), 'ok');
  assert.deepEqual(seen, [1, 1]);
  assert.equal(await aborted(), 0);
});

test('an upload through a transport that knows no signals fails on its way, and does not look complete', async () => {
  let sent = 0;
  let failed: unknown = null;
  const deaf = (async (_: unknown, init: RequestInit) => {
    try {
      for await (const chunk of init.body as ReadableStream<Uint8Array>) sent += chunk.byteLength;
    } catch (error) {
      failed = error;
    }
    return new Response('done');
  }) as typeof fetch;
  const body = new ReadableStream({ start: controller => controller.enqueue(new Uint8Array(8)) });
  const call = checkrd.wrap(deaf)(`${origin}/x`, { method: 'POST', body, duplex: 'half' } as RequestInit);
  await until('on its way', () => sent === 8);
  kill();
  await denied(call);
  await until('failed', () => failed instanceof CheckrdPolicyDenied);
});
