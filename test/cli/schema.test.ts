import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STARTER_POLICY } from '#src/cli/starter.js';
import { settingsSchema } from '#src/core/config/schema.js';
import { policySchema } from '#src/core/policy/schema.js';
import { cli } from '../support/cli.js';

test('schema prints the schema, for people over many lines', async () => {
  const wide = await cli(['schema']);
  assert.equal(wide.code, 0);
  assert.deepEqual(JSON.parse(wide.out), policySchema());
  assert.ok(wide.out.split('\n').length > 100);
  const one = await cli(['schema', '--json']);
  assert.equal(one.out, `${JSON.stringify(policySchema())}\n`);
  assert.equal((await cli(['schema', 'x'])).code, 64);
});

test('schema settings prints that of checkrd.yaml; what has none is misuse', async () => {
  const { code, out } = await cli(['schema', 'settings']);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(out), JSON.parse(JSON.stringify(settingsSchema())));
  assert.deepEqual((await cli(['schema', 'policy'])).out, (await cli(['schema'])).out);
  const odd = await cli(['schema', 'setings']);
  assert.equal(odd.code, 64);
  assert.match(odd.err, /did you mean 'settings'/);
});

test('the starter names the file that the usage says to write', async () => {
  const { out } = await cli(['schema', '--help']);
  const [first = ''] = STARTER_POLICY.split('\n');
  assert.match(first, /^# yaml-language-server: \$schema=policy\.schema\.json$/);
  assert.ok(out.includes(first) && out.includes('checkrd schema > policy.schema.json'));
});
