import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LayeredLoader, Loaded } from '#src/agent/decider.js';
import { policyLoader } from '#src/agent/offline.js';
import { BATCH_LINE_MAX_BYTES, BatchSession, runBatch } from '#src/cli/decide-batch.js';
import { Home } from '../support/home.js';

/** Allows everything, and says in its reason what it was asked. */
class EchoLoader implements LayeredLoader {
  loadObject(jsonText: string): Loaded {
    if (jsonText !== '{}') {
      return {
        ok: false,
        errors: [{ code: 'unknown_key', message: 'no', line: null, column: null, suggestion: 'fix it' }],
      };
    }
    return {
      ok: true,
      rules: 0,
      mode: 'enforce',
      decider: {
        decide: (request, agent, wallMs, killed) => ({
          result: 'allow',
          enforced: true,
          code: 'default_allowed',
          matchedRule: null,
          matchedRuleKind: 'default',
          reason: `${agent} ${request.method} ${request.body ?? '-'} ${wallMs} ${killed}`,
          uncertain: false,
          shadowRules: [],
        }),
      },
    };
  }
  loadLayered(path: string): Loaded {
    return this.loadFile(`${path} with layers`);
  }
  loadFile(path: string): Loaded {
    return { ok: false, errors: [{ code: 'rule_bad', message: path, line: 3, column: 7, suggestion: null }] };
  }
}

async function run(chunks: readonly (string | Uint8Array)[], nowMs = () => 5): Promise<string[]> {
  let out = '';
  async function* input() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  }
  await runBatch(new BatchSession(new EchoLoader(), '/base', nowMs), input(), async text => {
    out += text;
  });
  return out === '' ? [] : out.replace(/\n$/, '').split('\n');
}
const ask = (more: object = {}, request: object = {}) =>
  JSON.stringify({ request: { method: 'GET', url: 'https://a.test/', ...request }, ...more });
const reasons = (lines: string[]) => lines.map(l => (JSON.parse(l) as { reason?: string }).reason);

test('a request before a load, and after a load that failed, has no policy to decide it', async () => {
  const lines = await run([`${ask()}\n{"load":{}}\n${ask()}\n{"load":{"x":1}}\n${ask()}\n`]);
  assert.deepEqual(
    lines.map(l => Object.keys(JSON.parse(l) as object).join()),
    ['ok,errors', 'ok', 'result,enforced,code,matched_rule,matched_rule_kind,reason', 'ok,errors', 'ok,errors'],
  );
  assert.equal(lines[1], '{"ok":true}');
  assert.equal(lines[3], '{"ok":false,"errors":[{"code":"unknown_key","message":"no; fix it"}]}');
});

test('a file has line and column, and its path starts where the command does', async () => {
  assert.deepEqual(await run(['{"load_file":"p.yaml"}\n']), [
    '{"ok":false,"errors":[{"code":"rule_bad","message":"/base/p.yaml","line":3,"column":7}]}',
  ]);
});

test('the clock never runs backwards, and a load sets it afresh', async () => {
  const at = (seconds: number) => ask({ at: new Date(seconds * 1000).toISOString() });
  const lines = await run([['{"load":{}}', at(9), at(7), ask(), '{"load":{}}', at(7), at(8)].join('\n')]);
  assert.deepEqual(
    reasons(lines).map(r => r?.split(' ')[3]),
    [undefined, '9000', '9000', '9000', undefined, '7000', '8000'],
  );
});

test('agent, body and killed reach the decision', async () => {
  const lines = await run([`{"load":{}}\n${ask({ agent: 'crm', killed: true }, { body: 'é' })}\n${ask()}`]);
  assert.deepEqual(reasons(lines).slice(1), ['crm GET é 5 true', 'default GET - 5 false']);
});

test('every line is answered, wherever the chunks end', async () => {
  const all = Buffer.from(
    `{"load":{}}\n${ask({}, { body: 'é😀' })}\n\nnot json\n${ask()}\r\n${ask({}, { body: 'z' })}`,
  );
  const whole = await run([all]);
  assert.equal(whole.length, 6);
  for (const size of [1, 2, 3, 7, 50, 100]) {
    const chunks: Uint8Array[] = [];
    for (let i = 0; i < all.length; i += size) chunks.push(all.subarray(i, i + size));
    assert.deepEqual(await run(chunks), whole);
  }
});

test('a line that is not UTF-8 spoils only itself', async () => {
  const lines = await run([
    Buffer.concat([Buffer.from('{"load":{}}\n"'), Buffer.from([0xff]), Buffer.from(`"\n${ask()}\n`)]),
  ]);
  assert.deepEqual(
    lines.map(l => l.slice(0, 40)),
    ['{"ok":true}', '{"ok":false,"errors":[{"code":"not_utf8"', '{"result":"allow","enforced":true,"code"'],
  );
});

test('a byte order mark is not JSON, at the start of any chunk', async () => {
  assert.match((await run(['\ufeff{"load":{}}\n']))[0]!, /bad_json/);
});

test('a line without end is refused in bounded memory, and the next is answered', async () => {
  const piece = new Uint8Array(BATCH_LINE_MAX_BYTES / 4).fill(0x20);
  const lines = await run(['{"load":{}}\n', piece, piece, piece, piece, piece, `\n${ask()}\n`]);
  assert.equal(lines.length, 3);
  assert.match(lines[1]!, /line_too_long/);
  assert.match(lines[2]!, /default_allowed/);
  assert.equal((await run([piece, piece, piece, piece, piece])).length, 1);
});

test('load_file loads that file; with `layers` what stands beside it binds as well, and is named when it does not load', async t => {
  const home = new Home({
    'p.yaml': 'default: allow\nrules: []\n',
    'policy.d/10-a.yaml': 'default: allow\nrules:\n  - { name: bound, deny: { url: "a.test/**" } }\n',
  });
  t.after(() => home.remove());
  const session = new BatchSession(policyLoader(), home.dir, Date.now);
  const codes = (...loads: string[]) =>
    loads.map(load => `${session.answer(load)} ${JSON.parse(session.answer(ask())).code}`);
  assert.deepEqual(
    codes('{"load_file":"p.yaml"}', '{"load_file":"p.yaml","layers":true}', '{"load_file":"p.yaml","layers":false}'),
    ['{"ok":true} default_allowed', '{"ok":true} rule_denied', '{"ok":true} default_allowed'],
  );
  home.write('policy.d/10-a.yaml', 'rulse: []\n');
  const [error] = JSON.parse(session.answer('{"load_file":"p.yaml","layers":true}')).errors;
  assert.ok(error.message.startsWith(`${home.path('policy.d/10-a.yaml')}: `), error.message);
});
