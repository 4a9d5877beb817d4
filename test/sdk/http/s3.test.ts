// T-124: @aws-sdk/client-s3, bare and guarded: streams in and out, its own three tries, a URL that is signed for others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type How, type Ran, runClient } from './run-client.js';

interface End {
  readonly status?: number;
  readonly attempts: number | null;
  readonly code?: string | null;
  readonly way?: string | null;
}
type Said = Readonly<Record<string, End>>;

/** Of each run alone. */
const OWN = /^(authorization|x-amz-date|amz-sdk-|user-agent|x-amz-user-agent|host)/i;

test('@aws-sdk/client-s3', async t => {
  const run = (how: How): Promise<Ran<Said>> => runClient(t, 's3.mjs', {}, how);
  const [bare, ran] = await Promise.all([run('bare'), run('register')]);
  const { 'denied put': put, 'denied get': get, 'denied signed': signed, killed, later, ...allowed } = ran.said;
  assert.deepEqual(allowed, bare.said);
  assert.deepEqual([allowed.put?.status, allowed.big?.status, allowed.missing?.attempts], [200, 200, 1]);
  assert.equal(allowed.retried?.attempts, 3);
  assert.deepEqual(onWire(ran).slice(0, bare.seen.length), onWire(bare));

  for (const [name, end] of Object.entries({ put, get, signed })) {
    assert.equal(end?.code, 'default_denied', `${name}: ${JSON.stringify(end)}`);
  }
  assert.equal(ran.forbidden.connections, 0);
  // The SDK takes a denial for final.
  assert.deepEqual([ran.codesOf('/up/denied'), ran.codesOf('/echo/denied')], [['default_denied'], ['default_denied']]);
  assert.deepEqual([put?.way, get?.way, signed?.way], ['direct', 'direct', 'direct']);

  assert.equal(killed?.code, 'kill_switch');
  assert.deepEqual(ran.outcomeOf('/endless/stream'), ['killed']);
  assert.equal(later?.code, 'kill_switch');
  assert.ok(ran.seen.every(({ line }) => !line.includes('later')));
});

function onWire({ seen }: Ran<Said>): readonly unknown[] {
  return seen.map(({ line, headers, body }) => {
    const kept: string[] = [];
    for (let at = 0; at < headers.length; at += 2) {
      if (!OWN.test(headers[at] ?? '')) kept.push(`${headers[at]}: ${headers[at + 1]}`);
    }
    return [line.replace(/\?X-Amz.*/, ''), kept, body];
  });
}
