/** An encoded body through the library: judged as what it says, sent as it was given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { failureOf, opens, serves } from '../../support/agent-under-test.js';

const POLICY = `
default: allow
rules:
  - { name: cap, deny: { method: POST, body: { jsonpath: "$.amount", min: 50000 } } }
`.slice(1);

test('what goes out is the encoded original; what is denied does not go out', async t => {
  const served = await serves(t);
  const { fetch } = opens(t, POLICY);
  const post = (body: Uint8Array<ArrayBuffer>): Promise<Response> =>
    fetch(served.origin, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body,
    });
  const small = Uint8Array.from(gzipSync('{"amount":1}'));
  assert.equal((await post(small)).status, 200);
  assert.deepEqual(Uint8Array.from(served.got[0]?.body ?? []), small);

  const denial = await failureOf(post(Uint8Array.from(gzipSync('{"amount":60000}'))));
  assert.match(denial.message, /cap/);
  const bomb = await failureOf(post(Uint8Array.from(gzipSync(Buffer.alloc(1 << 24)))));
  assert.match(bomb.message, /inspect|large|limit/);
  await failureOf(post(Uint8Array.from(gzipSync('{"amount":1}').subarray(0, -1))));
  assert.equal(served.got.length, 1);
});
