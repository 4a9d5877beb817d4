/** `checkrd test`, and where other commands meet a policy's own tests. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cli } from '../support/cli.js';
import { tempFolder } from '../support/temp.js';

const HEAD = 'default: deny\nrules: [{ name: reads, allow: { method: GET, url: a.test/x } }]\n';
const GOOD = `${HEAD}tests:
  - { name: reading is allowed, request: { url: "https://a.test/x" }, expect: { result: allow, rule: reads } }
`;
const BAD = `${GOOD}  - name: writing is too
    request: { method: POST, url: "https://a.test/x" }
    expect: { result: allow, code: rule_allowed, rule: reads }
`;

function folder(t: TestContext) {
  const cwd = tempFolder(t);
  for (const [name, text] of Object.entries({ good: GOOD, bad: BAD, none: HEAD, broken: 'rules: []\n' })) {
    writeFileSync(join(cwd, `${name}.yaml`), text);
  }
  return { cwd };
}

test('one line a test, failures with what was wanted, what came and where', async t => {
  const at = folder(t);
  const good = await cli(['test', 'good.yaml'], at);
  assert.equal(good.code, 0, good.out + good.err);
  assert.equal(good.out, 'good.yaml: ok   reading is allowed\ngood.yaml: 1 of 1 tests passed\n');
  const bad = await cli(['test', 'good.yaml', 'bad.yaml'], at);
  assert.equal(bad.code, 1);
  assert.deepEqual(bad.out.trimEnd().split('\n').slice(2), [
    'bad.yaml: ok   reading is allowed',
    'bad.yaml:5:5: FAIL writing is too',
    '  expected: allow rule_allowed by `reads`',
    '  got:      deny default_denied: denied by default',
    'bad.yaml: 1 of 2 tests passed',
  ]);
});

test('a file without tests says so; one that does not load cannot be said', async t => {
  const at = folder(t);
  const none = await cli(['test', 'none.yaml'], at);
  assert.equal(none.code, 0);
  assert.match(none.out, /^none\.yaml: no tests; write some/);
  const broken = await cli(['test', 'bad.yaml', 'broken.yaml'], at);
  assert.equal(broken.code, 2);
  assert.match(broken.out, /^broken\.yaml:1:1: error: .*`default`.*\[missing_key\]$/m);
  assert.equal((await cli(['test', 'absent.yaml'], at)).code, 2);
  assert.equal((await cli(['test'], at)).code, 64);
});

test('standard input, once, with files beside it and no layers of its own', async t => {
  const at = folder(t);
  const ran = await cli(['test', '--layers', '-', 'good.yaml'], { ...at, stdin: BAD });
  assert.equal(ran.code, 1, ran.err);
  assert.match(ran.out, /^stdin: ok .*\nstdin:5:5: FAIL writing is too\n[\s\S]*^stdin: 1 of 2 .*\ngood\.yaml: ok /m);
  const broken = await cli(['test', '-'], { ...at, stdin: 'rules: []\n' });
  assert.equal(broken.code, 2);
  assert.match(broken.out, /^stdin:1:1: error: .*\[missing_key\]$/m);
  const json = await cli(['test', '--json', '-'], { ...at, stdin: GOOD });
  assert.equal((JSON.parse(json.out) as { files: { file: string }[] }).files[0]?.file, '-');
  assert.equal((await cli(['test', '-', '-'], { ...at, stdin: GOOD })).code, 64);
});

test('--json carries everything, on one line', async t => {
  const at = folder(t);
  const ran = await cli(['test', '--json', 'bad.yaml', 'broken.yaml'], at);
  assert.equal(ran.err, '');
  const said = JSON.parse(ran.out) as { ok: boolean; files: { failed: number; tests: object[]; errors: object[] }[] };
  assert.equal(said.ok, false);
  const [bad, broken] = said.files;
  assert.equal(bad?.failed, 1);
  assert.deepEqual(bad?.tests[1], {
    name: 'writing is too',
    line: 5,
    column: 5,
    passed: false,
    expected: { result: 'allow', code: 'rule_allowed', rule: 'reads' },
    got: { result: 'deny', code: 'default_denied', rule: null, reason: 'denied by default' },
  });
  assert.match(JSON.stringify(broken?.errors), /"missing_key"/);
});

test('`decide` answers although tests fail: it is there to find out why', async t => {
  const request = '{"method":"POST","url":"https://a.test/x"}';
  const ran = await cli(['decide', '--policy', 'bad.yaml', request], folder(t));
  assert.equal(ran.code, 1, ran.err);
  assert.match(ran.out, /default_denied/);
});
