/** Promise: whatever the wire supplies, each record is one canonical line under 16 KiB, and the log verifies. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openLibrary } from '#src/agent/open-library.js';
import { verify } from '#src/cli/verify.js';
import { agentId } from '#src/core/brand.js';
import { runCommand } from '../support/cli-command.js';
import { Home } from '../support/home.js';

const NASTY = [
  '\n',
  'a\r\nb',
  '\0',
  '\u001b[31m',
  '\u2028\u2029',
  '\u0085',
  '\ud800',
  'x\udc00y',
  '"',
  '\\"}\n{"type":"decision"}',
  '\u202e',
  '€'.repeat(50_000),
  'A'.repeat(10_000_000),
  '%0a%00%2e%2e',
  '',
];

test('control characters, newlines, surrogates, quotes and ten megabytes in every field', async t => {
  const home = new Home({ 'policy.yaml': 'default: allow\nrules:\n  - { name: r, deny: { method: PUT } }\n' });
  t.after(() => home.remove());
  const agent = openLibrary({ options: { configDir: home.dir, agentId: 'wire' }, env: {} });
  const who = agentId('wire');
  assert.ok(who !== null);
  let asked = 0;
  for (const nasty of NASTY) {
    const plain = { method: 'GET', url: 'http://example.com/a', headers: [], body: null };
    const requests = [
      { ...plain, method: nasty },
      { ...plain, url: nasty },
      { ...plain, url: `http://${nasty}/a` },
      { ...plain, url: `http://example.com/${nasty}` },
      { ...plain, headers: [[nasty, nasty]] as [string, string][] },
    ];
    const contexts = [{ agent: who }, { agent: who, traceparent: nasty, sessionId: nasty, parentRequestId: nasty }];
    for (const request of requests)
      for (const context of contexts) {
        const begun = agent.begin(request as never, context as never);
        if (begun.kind === 'proceed') begun.call.finish({ result: 'ok', status_code: 200 } as never);
        agent.refuse('request_invalid', nasty, request as never, context as never);
        asked += 2;
      }
  }
  await agent.close();
  const path = home.path('audit', 'wire.jsonl');
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  assert.ok(lines.length > asked, 'each left its record');
  for (const line of lines) {
    assert.ok(Buffer.byteLength(line) <= 16_384);
    assert.doesNotMatch(line, /\p{Cc}|\p{Surrogate}/u);
    // A checkpoint's note has lines; what the wire supplies has none, not even escaped.
    if (!line.includes('"type":"checkpoint"')) assert.doesNotMatch(line, /\\u00|\\[bfnrt]/);
  }
  const run = await runCommand(verify, ['--key', home.path('keys', 'origin.pub'), path]);
  assert.equal(run.code, 0, run.out.join('\n'));
});
