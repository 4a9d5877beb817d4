/** Promise: nothing secret of a call reaches any file of ours, whatever becomes of the call. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Checkrd } from '#src/index.js';
import { Home } from '../support/home.js';
import { upstream } from '../support/upstream.js';

const POLICY = `default: deny
rules:
  - name: posts
    allow:
      method: [POST, GET]
      url: "127.0.0.1:*/ok/**"
`;

/** No two alike, none a word of ours. */
const secret = (name: string): string => `c4n4ry${name}9f8e7d6c5b4a39281706f5e4d3c2b1a0`;
const NAMES = 'auth cookie apikey query body path fragment user answer answerhead location denied trace'.split(' ');
const SECRETS = NAMES.map(secret);

function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.map(name => join(folder, name)).filter(path => statSync(path).isFile());
}

test('no canary in any file under the configuration folder', async t => {
  const home = new Home({ 'policy.yaml': POLICY });
  const server = await upstream((request, response) => {
    request.resume();
    if (request.url?.startsWith('/ok/moved')) {
      response.writeHead(302, { location: `/ok/there?to=${secret('location')}` }).end();
      return;
    }
    response.setHeader('x-secret', secret('answerhead'));
    response.end(secret('answer'));
  });
  const checkrd = new Checkrd({ configDir: home.dir, agentId: 'canary' });
  t.after(async () => {
    await checkrd.close();
    await server.close();
    home.remove();
  });
  const guarded = checkrd.wrap(fetch);
  const headers = {
    authorization: `Bearer ${secret('auth')}`,
    cookie: `session=${secret('cookie')}`,
    'x-api-key': secret('apikey'),
    traceparent: secret('trace'),
  };
  const body = JSON.stringify({ password: secret('body') });
  const query = `?key=${secret('query')}#${secret('fragment')}`;
  const calls: [url: string, init: RequestInit][] = [
    [`${server.origin}/ok/${secret('path')}${query}`, { method: 'POST', headers, body }],
    [`${server.origin}/ok/moved/${secret('path')}${query}`, { headers }],
    [`${server.origin}/no/${secret('denied')}${query}`, { method: 'POST', headers, body }],
    [`http://${secret('user')}:pw@127.0.0.1/ok/x${query}`, { headers }],
    [`ftp://127.0.0.1/${secret('path')}${query}`, { headers }],
    [`http://127.0.0.1:1/ok/${secret('path')}${query}`, { headers }],
  ];
  let answered = 0;
  for (const [url, init] of calls) {
    const response = await guarded(url, init).catch(() => null);
    if (response !== null) answered += (await response.text()).length > 0 ? 1 : 0;
  }
  assert.equal(answered, 2, 'the first two calls were let through and answered');
  await checkrd.close();
  const files = filesIn(home.dir);
  assert.ok(files.some(path => path.endsWith('canary.jsonl')));
  const decisions = home.records('canary').filter(({ type }) => type === 'decision');
  assert.ok(decisions.length >= calls.length, 'each was recorded');
  for (const path of files) {
    const text = readFileSync(path, 'latin1').toLowerCase();
    for (const canary of SECRETS) assert.ok(!text.includes(canary), `${canary} stands in ${path}`);
  }
});
