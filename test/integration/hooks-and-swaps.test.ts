// T-134, T-135 of THREAT-MODEL.md.
/** Hooks that misbehave at every edge that asks them, and policies that change under way: nothing breaks, nothing is left. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Checkrd } from 'checkrd';
import { openLibrary } from '#src/agent/open-library.js';
import { install } from '#src/transports/node-http/install.js';
import { failureOf, opens, serves, type UnderTest } from '../support/agent-under-test.js';
import { until } from '../support/until.js';

const ALLOW = 'default: allow\nrules: []\n';
const DENY = 'default: deny\nrules: []\n';
const HTTP_AGENT = 'by-http';

type Hook = (event: unknown) => unknown;
interface Edges extends UnderTest {
  /** Each makes one call, and gives what came back. */
  readonly calls: Readonly<Record<'fetch' | 'http' | 'tool', () => Promise<unknown>>>;
  hook: Hook;
  told: Hook;
}

/** One folder, two agents: the library's, whose fetch and tool are guarded, and one for `node:http`. */
async function edges(t: TestContext): Promise<Edges> {
  const { origin } = await serves(t, (got, response) => response.end(`${got.method} ${got.path} ${got.body}`));
  const own = { hook: (): unknown => undefined, told: (): unknown => undefined } as { hook: Hook; told: Hook };
  const hooks = {
    beforeRequest: (event: unknown) => own.hook(event),
    onAllow: (event: unknown) => own.told(event),
    onDeny: (event: unknown) => own.told(event),
  };
  // Before the folder goes.
  let end = async (): Promise<void> => undefined;
  t.after(() => end());
  const under = opens(t, ALLOW, hooks);
  const library = openLibrary({ options: { configDir: under.home.dir, agentId: HTTP_AGENT }, env: {} });
  const undo = install({ agent: library, agentId: library.agentId, hooks });
  end = () => {
    undo();
    return library.close();
  };
  const tool = under.checkrd.guardTool('files/read', async (args: { path: string }) => `ran ${args.path}`);
  const calls = {
    fetch: async () => (await under.fetch(`${origin}/a`, { method: 'POST', body: 'b' })).text(),
    http: () =>
      new Promise((resolve, reject) => {
        const request = http.request(`${origin}/a`, { method: 'POST', agent: false }, async (res: IncomingMessage) =>
          resolve((await res.toArray()).join('')),
        );
        request.on('error', reject).end('b');
      }),
    tool: () => tool({ path: '/a' }),
  };
  return Object.assign(own, under, { calls });
}

const GOES = { fetch: 'POST /a b', http: 'POST /a b', tool: 'ran /a' } as const;
const EDGES = ['fetch', 'http', 'tool'] as const;
const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length;

/** Every call that was let through has its outcome, and only one. */
async function settled({ home }: UnderTest): Promise<void> {
  for (const id of ['edge', HTTP_AGENT]) {
    const idsOf = (type: string): unknown[] =>
      home
        .records(id)
        .filter(r => r.type === type && r.policy_result !== 'deny')
        .map(r => r.request_id)
        .sort();
    const through = idsOf('decision');
    await until(`the outcomes of ${id}`, () => idsOf('outcome').length >= through.length);
    assert.deepEqual(idsOf('outcome'), through);
  }
}

test('a hook that throws, rejects or hangs refuses the call; what is told of it may do the same and changes nothing', async t => {
  const under = await edges(t);
  for (const edge of EDGES) await under.calls[edge]();
  const before = timers();
  const bad: readonly Hook[] = [
    () => {
      throw new Error('mine');
    },
    () => Promise.reject(new Error('mine')),
    () => new Promise(() => undefined),
  ];
  for (const misbehaves of bad) {
    for (const edge of EDGES) {
      under.told = misbehaves;
      under.hook = () => undefined;
      assert.equal(await under.calls[edge](), GOES[edge]);
      under.hook = misbehaves;
      // A second of a clock that is moved: for the hook that never answers.
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const refused = failureOf(under.calls[edge]());
      await turn();
      await turn();
      t.mock.timers.tick(1_000);
      t.mock.timers.reset();
      assert.equal((await refused).code, 'hook_refused', edge);
    }
  }
  await settled(under);
  assert.ok(timers() <= before, `${timers()} timers, ${before} before`);
});

test('a hook that calls the guard from within is one more call; each is decided, recorded and ended', async t => {
  const under = await edges(t);
  // A hook is late after a second: here of a clock that stands still, since another call is waited for in it.
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const edge of EDGES) {
    for (const from of EDGES) {
      let depth = 0;
      const inner: unknown[] = [];
      under.hook = async () => {
        if (depth++ === 0) inner.push(await under.calls[from]());
      };
      assert.equal(await under.calls[edge](), GOES[edge]);
      assert.deepEqual(inner, [GOES[from]]);
      under.hook = () => undefined;
      const more: Promise<unknown>[] = [];
      let told = 0;
      under.told = () => {
        if (told++ === 0) more.push(under.calls[from]());
      };
      assert.equal(await under.calls[edge](), GOES[edge]);
      assert.deepEqual(await Promise.all(more), [GOES[from]]);
      under.told = () => undefined;
    }
  }
  t.mock.timers.reset();
  await settled(under);
});

test('a hook that changes what the caller gave changes nothing of what is sent', async t => {
  const { origin, got } = await serves(t);
  const url = new URL(`${origin}/given`);
  const headers: Record<string, string> = { 'content-type': 'a/b' };
  const body = new TextEncoder().encode('given');
  const under = opens(t, ALLOW, {
    beforeRequest: async () => {
      url.pathname = '/changed';
      headers['content-type'] = 'changed/changed';
      body.fill(0x78);
      await turn();
    },
  });
  await (await under.fetch(url, { method: 'POST', headers, body })).text();
  assert.deepEqual(
    got.map(({ path, type, body: sent }) => [path, type, `${sent}`]),
    [['/given', 'a/b', 'given']],
  );
});

const inForce = (checkrd: Checkrd): string | null => checkrd.healthy().policySha256;

/** Renames another policy into place and waits until it decides. */
async function swap({ home, checkrd }: UnderTest, policy: string): Promise<void> {
  const before = inForce(checkrd);
  home.replace('policy.yaml', policy);
  await until('the other policy in force', () => inForce(checkrd) !== before);
}

test('a policy that changes under way: what runs goes on, what begins is decided by the new one', async t => {
  let finish = (): void => undefined;
  const { origin } = await serves(t, (_, response) => {
    response.write('first');
    finish = () => response.end(' last');
  });
  const under = opens(t, ALLOW);
  const old = inForce(under.checkrd);
  const caller = new AbortController();
  const reader = (await under.fetch(origin, { signal: caller.signal })).body!.getReader();
  assert.equal(Buffer.from((await reader.read()).value!).toString(), 'first');
  await swap(under, DENY);
  assert.equal((await failureOf(under.fetch(origin))).code, 'default_denied');
  finish();
  assert.equal(Buffer.from((await reader.read()).value!).toString(), ' last');
  assert.equal((await reader.read()).done, true);
  assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
  assert.deepEqual(
    under.records('decision').map(record => record.policy_sha256),
    [old, inForce(under.checkrd)],
  );
  assert.deepEqual(
    under.records('outcome').map(record => record.result),
    ['ok'],
  );
});

test('a policy that changes between two hops, or while a body is read: one policy decides, the one in force then', async t => {
  let under: UnderTest | null = null;
  const { origin, got } = await serves(t, async (one, response) => {
    if (one.path !== '/moves') return void response.end('there');
    await swap(under!, DENY);
    response.writeHead(302, { location: '/there' }).end();
  });
  const LOOKS = `default: allow\nrules:\n  - { name: looks, deny: { url: "${origin}/judged", body: { jsonpath: $.no, exists: true } } }\n`;
  under = opens(t, ALLOW);
  const first = inForce(under.checkrd);
  assert.equal((await failureOf(under.fetch(`${origin}/moves`))).code, 'default_denied');
  const [one, two] = under.records('decision');
  assert.deepEqual([one?.policy_sha256, two?.policy_sha256], [first, inForce(under.checkrd)]);
  assert.equal(two?.parent_request_id, one?.request_id);

  await swap(under, LOOKS);
  const body = new ReadableStream(
    {
      async pull(controller) {
        await swap(under!, `# other\n${DENY}`);
        controller.enqueue(new TextEncoder().encode('{}'));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
  assert.equal((await failureOf(under.fetch(`${origin}/judged`, init))).code, 'default_denied');
  assert.equal(under.records('decision').at(-1)?.policy_sha256, inForce(under.checkrd));
  assert.deepEqual(
    got.map(({ path }) => path),
    ['/moves'],
  );
});
