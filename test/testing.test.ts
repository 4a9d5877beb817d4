/** `checkrd/testing`: the real edge, decisions made up, nothing loaded that decides. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { after, test } from 'node:test';
import { CheckrdInitError, isCheckrdPolicyDenied } from 'checkrd';
import { type MockOptions, mockWrap } from 'checkrd/testing';
import { startFetchServer } from './support/fetch-server.js';

const server = await startFetchServer();
after(() => server.close());

test('lets everything through and remembers it; redirects are calls of their own', async () => {
  const guarded = mockWrap(fetch, { agentId: 'a', sessionId: 's' });
  const answer = await guarded(`${server.url}/redirect/302?to=/json`, { method: 'POST', body: 'x' });
  await answer.text();
  assert.deepEqual(
    guarded.calls.map(call => [call.method, call.parentRequestId, call.agentId, call.sessionId, call.outcome?.result]),
    [
      ['POST', null, 'a', 's', 'ok'],
      ['GET', guarded.calls[0]?.requestId, 'a', 's', 'ok'],
    ],
  );
  assert.equal(guarded.calls[0]?.body, null);
  assert.deepEqual([guarded.name, guarded.length], [fetch.name, fetch.length]);
});

test('a function decides: by URL, headers and body, or leaves it to the default', async () => {
  const asked: unknown[] = [];
  const guarded = mockWrap(fetch, {
    default: 'deny',
    denyReason: 'not in this test',
    policyFn: (method, url, headers, body) => {
      asked.push([method, new URL(url).pathname, headers.find(([name]) => name === 'x-a')?.[1], body]);
      if (url.endsWith('/limited')) {
        return { allow: false, code: 'rate_limited', reason: 'slowly', hint: 'wait', retryAfterMs: 5 };
      }
      return url.endsWith('/echo') ? true : undefined;
    },
  });
  const before = server.seen.length;
  await guarded(`${server.url}/echo`, { method: 'POST', body: 'text', headers: { 'X-A': '1' } });
  await guarded(`${server.url}/echo`, {
    method: 'PUT',
    body: new Blob(['st', 'ream']).stream(),
    duplex: 'half',
  } as RequestInit);
  await assert.rejects(guarded(`${server.url}/other`), { code: 'rule_denied', reason: 'not in this test' });
  await assert.rejects(guarded(`${server.url}/limited`), { code: 'rate_limited', hint: 'wait', retryAfterMs: 5 });
  await assert.rejects(guarded('relative'), { code: 'request_invalid' });
  assert.deepEqual(server.seen.slice(before), ['POST /echo', 'PUT /echo']);
  assert.deepEqual(asked, [
    ['POST', '/echo', '1', 'text'],
    ['PUT', '/echo', undefined, 'stream'],
    ['GET', '/other', undefined, null],
    ['GET', '/limited', undefined, null],
  ]);
  assert.deepEqual(
    guarded.calls.map(call => call.code),
    ['rule_allowed', 'rule_allowed', 'rule_denied', 'rate_limited', 'request_invalid'],
  );
});

test('hooks, the 403 form, and denials that are let through', async () => {
  const told: string[] = [];
  const guarded = mockWrap(fetch, {
    default: 'deny',
    onDenied: 'response',
    beforeRequest: ({ url }) => (url.endsWith('/json') ? null : true),
    onAllow: event => told.push(event.code),
    onDeny: event => told.push(event.code),
  });
  assert.deepEqual(
    [(await guarded(`${server.url}/json`)).status, (await guarded(`${server.url}/bom`)).status],
    [200, 403],
  );
  assert.deepEqual(told, ['hook_skipped', 'rule_denied']);
  const lenient = mockWrap(fetch, { default: 'deny', enforce: false });
  assert.equal((await lenient(`${server.url}/json`)).status, 200);
  assert.deepEqual([lenient.calls[0]?.allowed, lenient.calls[0]?.code], [false, 'rule_denied']);
});

test('the switch ends what is under way, waits for nobody, and lets go again', async () => {
  const guarded = mockWrap();
  const stream = await guarded(`${server.url}/stream`);
  const never = guarded(`${server.url}/never`);
  guarded.setKillSwitch(true);
  await assert.rejects(stream.text(), { code: 'kill_switch' });
  await assert.rejects(never, isCheckrdPolicyDenied);
  await assert.rejects(guarded(`${server.url}/json`), { code: 'kill_switch' });
  guarded.setKillSwitch(false);
  await (await guarded(`${server.url}/json`)).text();
  assert.deepEqual(
    guarded.calls.map(call => call.outcome?.result ?? null),
    ['killed', 'killed', null, 'ok'],
  );
});

const refused: [string, object, string][] = [
  ['an unknown option', { defalt: 'deny' }, 'option_unknown'],
  ['a default that is none', { default: 'maybe' }, 'option_invalid'],
  ['a policy that is no function', { policyFn: true }, 'option_invalid'],
  ['a policy of the library', { policy: {} }, 'option_unknown'],
  ['an ID that is none', { agentId: '../x' }, 'agent_id_invalid'],
];
for (const [name, options, code] of refused) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => mockWrap(fetch, options as MockOptions),
      (error: unknown) => error instanceof CheckrdInitError && error.code === code,
    );
  });
}

test('loads neither the engine nor anything that reads or writes files', () => {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    const text = readFileSync(join('dist', file), 'utf8');
    for (const [, spec = ''] of text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      if (spec.startsWith('.')) visit(normalize(join(dirname(file), spec)));
      else assert.doesNotMatch(spec, /^(node:)?(fs|child_process|worker_threads|net|http)|chokidar|pino|yaml/, file);
    }
  };
  visit('testing.js');
  assert.deepEqual(
    [...reached].filter(file => /^(wasm|disk|agent\/(?!errors))/.test(file)),
    [],
  );
});
