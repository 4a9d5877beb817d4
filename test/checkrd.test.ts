/** The class: strict about its options, and nothing but a way to the agent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { CheckrdInitError, CheckrdPolicyDenied, findPolicyDenied, isCheckrdPolicyDenied } from '#src/agent/errors.js';
import type { OpenRequest } from '#src/agent/types.js';
import { Checkrd, type CheckrdOptions } from '#src/checkrd.js';
import { SteeredAgent } from './support/steered-agent.js';

const refused: [string, unknown, string, string | null][] = [
  ['an unknown option', { polcy: 'x' }, 'option_unknown', 'did you mean `policy`?'],
  ['another case', { agentID: 'x' }, 'option_unknown', 'did you mean `agentId`?'],
  ['a name of Object.prototype', { toString: 'x' }, 'option_unknown', null],
  ['a hook that is none', { onAllow: 'x' }, 'option_invalid', null],
  ['a hook that is null', { beforeRequest: null }, 'option_invalid', null],
  ['an unknown onDenied', { onDenied: 'ignore' }, 'option_invalid', null],
  ['no object', 'x', 'option_invalid', null],
  ['null', null, 'option_invalid', null],
  ['a list', [], 'option_invalid', null],
];
for (const [name, options, code, hint] of refused) {
  test(`refuses ${name} before anything is opened`, () => {
    let opened = 0;
    const open = (): SteeredAgent => {
      opened++;
      return new SteeredAgent();
    };
    assert.throws(
      () => new Checkrd(options as CheckrdOptions, open),
      (e: unknown) => e instanceof CheckrdInitError && e.code === code && (hint === null || e.hint === hint),
    );
    assert.equal(opened, 0);
  });
}

test('hands the opener its options as they are, without hooks and what is undefined', () => {
  const asked: OpenRequest[] = [];
  const open = (request: OpenRequest): SteeredAgent => {
    asked.push(request);
    return new SteeredAgent();
  };
  const policy = { default: 'deny', rules: [] };
  new Checkrd({ agentId: 'a', policy, killswitchFile: false, auditLog: undefined, onDeny: () => undefined }, open);
  assert.deepEqual(asked[0]?.options, { agentId: 'a', policy, killswitchFile: false });
  assert.equal(asked[0]?.env, process.env);
});

test('what the opener throws is what the constructor throws', () => {
  const open = (): never => {
    throw new CheckrdInitError('engine_integrity', 'altered');
  };
  assert.throws(() => new Checkrd({}, open), { name: 'CheckrdInitError', code: 'engine_integrity' });
});

test('wrap, healthy, close', async () => {
  const agent = new SteeredAgent(() => 'deny');
  const checkrd = new Checkrd({ onDenied: 'response' }, () => agent);
  assert.equal((await checkrd.wrap()('http://a.example/')).status, 403);
  assert.equal(checkrd.healthy().state, 'ok');
  assert.throws(() => checkrd.wrap(null as unknown as typeof fetch), TypeError);
  await checkrd[Symbol.asyncDispose]();
  assert.equal(agent.closed, 1);
});

test('two copies of the module know the errors of each other', async () => {
  const file = pathToFileURL('dist/agent/errors.js').href;
  const other = (await import(`${file}?second`)) as { CheckrdPolicyDenied: typeof CheckrdPolicyDenied };
  assert.notEqual(other.CheckrdPolicyDenied, CheckrdPolicyDenied);
  const denial = new other.CheckrdPolicyDenied({ code: 'kill_switch', reason: 'r', requestId: 'x' });
  assert.ok(isCheckrdPolicyDenied(denial));
  assert.equal(findPolicyDenied(new Error('a', { cause: new Error('b', { cause: denial }) })), denial);
});

const loop = new Error('loop');
loop.cause = loop;
const hostile = Object.defineProperty(new Error('x'), 'cause', {
  get() {
    throw new Error('no');
  },
});
for (const value of [null, undefined, 1, 'x', {}, new Error('x'), loop, hostile, { name: 'CheckrdPolicyDenied' }]) {
  test(`is no denial: ${String(value)}`, () => assert.equal(isCheckrdPolicyDenied(value), false));
}
