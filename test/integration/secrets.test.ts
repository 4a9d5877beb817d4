// T-35 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Checkrd } from '#src/checkrd.js';
import { Home } from '../support/home.js';

/** In each place where a call may carry one; the one in the path looks like what it is. */
const SECRET = {
  path: 'sk9f8e7d6c5b4a3f2e1d',
  query: 'quietquery',
  hash: 'quiethash',
  header: 'quietheader',
  body: 'quietbody',
};
const POLICY = `default: deny
rules:
  - name: model
    allow:
      url: "api.example.com/**"
      headers: [{ name: x-team, exact: core }]
      query: [{ name: key }]
      body: { jsonpath: "$.model", exact: small }
`;

test('no secret of a call reaches the log, the state or the error', async t => {
  const home = new Home({ 'policy.yaml': POLICY });
  t.after(() => home.remove());
  const checkrd = new Checkrd({ agentId: 'a', configDir: home.dir });
  const guarded = checkrd.wrap(async () => new Response(SECRET.body, { headers: { 'set-cookie': SECRET.header } }));
  const url = `https://api.example.com/keys/${SECRET.path}?key=${SECRET.query}#${SECRET.hash}`;
  const headers = { authorization: SECRET.header, cookie: SECRET.header, 'x-team': 'core' };

  const passed = await guarded(url, { method: 'POST', headers, body: `{"model":"small","p":"${SECRET.body}"}` });
  assert.equal(await passed.text(), SECRET.body);
  const said: string[] = [];
  for (const body of [`{"model":"${SECRET.body}"}`, `{"model":"small","${SECRET.body}`]) {
    const denial = await guarded(url, { method: 'POST', headers, body }).catch((error: unknown) => error);
    assert.ok(denial instanceof Error);
    said.push(denial.message, denial.stack ?? '', JSON.stringify(denial));
  }
  said.push(JSON.stringify(checkrd.healthy()));
  await checkrd.close();

  for (const name of readdirSync(home.dir, { recursive: true, encoding: 'utf8' })) {
    const path = join(home.dir, name);
    if (statSync(path).isFile()) said.push(readFileSync(path, 'latin1'));
  }
  const codes = home.records('a').flatMap(r => (r.type === 'decision' ? [r.code] : []));
  assert.deepEqual(codes, ['rule_allowed', 'default_denied', 'default_denied']);
  for (const [place, secret] of Object.entries(SECRET))
    for (const text of said) assert.ok(!text.includes(secret), `${place}: ${text.slice(0, 200)}`);
});
