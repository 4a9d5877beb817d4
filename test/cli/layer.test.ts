/** `checkrd layer`, and the commands that know layers. */
import assert from 'node:assert/strict';
import { mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openLayerMemory } from '#src/disk/layer-memory.js';
import { cli } from '../support/cli.js';
import { hash } from '../support/policy-source.js';
import { tempFolder } from '../support/temp.js';

const GET = '{"method":"GET","url":"https://a.test/"}';
const policy = (result: string, more = '') => `default: ${result}\nrules: []\n${more}`;
const FAILING = 'tests:\n  - { name: t, request: { url: "https://a.test/" }, expect: { result: deny } }\n';

function place(t: TestContext, layers: Readonly<Record<string, string>> = { '10-a.yaml': policy('deny') }) {
  const cwd = tempFolder(t);
  const at = { cwd, env: { CHECKRD_CONFIG_DIR: cwd } };
  mkdirSync(join(cwd, 'policy.d'));
  writeFileSync(join(cwd, 'policy.yaml'), policy('allow'));
  for (const [name, text] of Object.entries(layers)) writeFileSync(join(cwd, 'policy.d', name), text);
  const memory = openLayerMemory(join(cwd, 'state'), join(cwd, 'policy.yaml'), hash);
  return { cwd, at, memory, layer: (name: string) => join(cwd, 'policy.d', name) };
}

test('list and drop: what is there, what is missing, who let it go', async t => {
  const { at, memory, layer } = place(t);
  const asJson = async (...args: string[]) => JSON.parse((await cli(['layer', ...args, '--json'], at)).out);
  assert.deepEqual(await asJson('list'), { ok: true, layers: [{ name: '10-a.yaml', state: 'new' }], dropped: [] });
  assert.equal((await cli(['layer', 'drop', '10-a.yaml'], at)).code, 1, 'it is still there');
  memory.remember(['10-a.yaml']);
  assert.match((await cli(['layer', 'drop', '10-a.yaml'], at)).err, /take the file away first/);
  unlinkSync(layer('10-a.yaml'));
  const missing = await cli(['layer', 'list'], at);
  assert.deepEqual([missing.code, missing.out], [1, '10-a.yaml: missing\n']);
  const { wrong } = JSON.parse((await cli(['status', '--json'], at)).out) as { wrong: string[] };
  assert.match(wrong.join(), /the layer 10-a\.yaml was in force once and is missing/);
  assert.match((await cli(['layer', 'drop', '20-b.yaml'], at)).err, /was ever in force/);
  assert.equal((await cli(['layer', 'drop', '10-a.yaml'], at)).code, 0);
  const [dropped] = memory.read().dropped;
  assert.deepEqual([dropped?.name, dropped?.byUid], ['10-a.yaml', process.getuid?.()]);
  assert.equal((await cli(['layer', 'drop', '10-a.yaml'], at)).code, 1, 'only once');
  assert.equal((await cli(['layer', 'list'], at)).code, 0);
});

test('misuse, and a memory that cannot be trusted', async t => {
  const { at, memory } = place(t);
  for (const words of [
    [],
    ['drop'],
    ['list', 'x'],
    ['keep', 'x'],
    ['drop', '../x.yaml'],
    ['drop', '10-a'],
    ['drop', '.a.yaml'],
  ]) {
    assert.equal((await cli(['layer', ...words], at)).code, 64, words.join(' '));
  }
  memory.remember(['10-a.yaml']);
  writeFileSync(memory.path, '{"layers":["../x"],"dropped":[]}');
  const refused = await cli(['layer', 'list'], at);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /not what checkrd wrote/);
});

test('decide --layers asks all of them and names the one that denies', async t => {
  const { at } = place(t, { '10-a.yaml': policy('allow'), '20-b.yaml': policy('deny') });
  const ask = (...args: string[]) => cli(['decide', '--policy', 'policy.yaml', ...args, GET], at);
  assert.equal((await ask()).code, 0);
  const denied = await ask('--layers');
  assert.deepEqual([denied.code, denied.out], [1, "deny default_denied: denied by default (layer '20-b.yaml')\n"]);
  assert.equal(JSON.parse((await ask('--layers', '--json')).out).policy_layer, '20-b.yaml');
  assert.equal((await cli(['decide', '--batch', '--layers'], at)).code, 64);
});

test('check and test --layers read every layer, odd names too', async t => {
  const { at, layer } = place(t, { '10-a.yaml': policy('allow', FAILING), '20-b.yaml': policy('deny') });
  const tested = await cli(['test', '--layers', 'policy.yaml'], at);
  assert.equal(tested.code, 1);
  assert.match(tested.out, /policy\.d\/10-a\.yaml:4:5: FAIL t/);
  const checked = await cli(['check', '--layers', 'policy.yaml'], at);
  assert.equal(checked.code, 1);
  assert.match(checked.out + checked.err, /policy\.d\/10-a\.yaml:4:5: .*test_failed/);
  writeFileSync(layer('10-a.yaml'), policy('allow'));
  assert.equal((await cli(['check', '--layers', 'policy.yaml'], at)).code, 0);
  writeFileSync(layer('notes.txt'), '');
  const odd = await cli(['check', '--layers', 'policy.yaml'], at);
  assert.equal(odd.code, 1);
  assert.match(odd.out + odd.err, /notes\.txt.*policy_layer_name/);
  assert.equal((await cli(['test', '--layers', 'policy.yaml'], at)).code, 2);
  const lost = await cli(['decide', '--layers', '--policy', 'policy.yaml', GET], at);
  assert.equal(lost.code, 2);
});

test('a layer that does not load is named with its place', async t => {
  const { at, layer } = place(t, { '10-a.yaml': 'default: maybe\nrules: []\n' });
  const ran = await cli(['decide', '--layers', '--policy', 'policy.yaml', GET], at);
  assert.equal(ran.code, 2);
  assert.ok(ran.err.startsWith(`${layer('10-a.yaml')}:1:`), ran.err);
});
