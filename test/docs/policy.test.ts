/**
 * docs/policy.md: every policy loads (or is refused as it says) and decides as written beside it; a policy with a file is that file
 * without its tests.
 *
 * A line is `[at TIME] [as AGENT] [N times] METHOD URL [[Name: value]] [BODY] => RESULT CODE [RULE][, let pass][, could not be judged][, shadow RULE]`,
 * `tool NAME [ARGS] => …`, or `=> refused CODE at LINE:COLUMN`. Times are UTC. The last of N calls is the one that is compared.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { batchEach, once } from '../language/run-cases.js';
import { type Fenced, fencedBlocks } from '../support/fenced.js';

const PATH = 'docs/policy.md';
const LINE =
  /^(?:at (?<at>\d{4}-\d\d-\d\dT\d\d:\d\d) )?(?:as (?<agent>\S+) )?(?:(?<times>\d+) times )?(?<method>[A-Za-z]+) (?<url>\S+)(?: \[(?<name>[^:\]]+): (?<value>[^\]]*)\])?(?: (?<body>.+?))? *$/;

function requestLine(text: string): { readonly line: string; readonly times: number } {
  const got = LINE.exec(text)?.groups;
  assert.ok(got, `not a request: ${text}`);
  const { at = '2026-01-07T12:00', agent, times = '1', method, url, name, value = '', body } = got;
  const when = { at: `${at}:00Z`, ...(agent === undefined ? {} : { agent }) };
  if (method === 'tool') {
    const args = body === undefined ? '' : `,"args":${body}`;
    const line = `{"request":{"tool":${JSON.stringify(url)}${args}},${JSON.stringify(when).slice(1)}`;
    return { line, times: Number(times) };
  }
  const type = body?.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded';
  const headers = [
    ...(name === undefined ? [] : [[name, value]]),
    ...(body === undefined ? [] : [['Content-Type', type]]),
  ];
  const request = { method, url, headers, ...(body === undefined ? {} : { body }) };
  return { line: JSON.stringify({ request, ...when }), times: Number(times) };
}

function said(answer: Record<string, unknown>): string {
  const rule = answer.matched_rule === null ? '' : ` ${answer.matched_rule}`;
  const pass = answer.enforced === false ? ', let pass' : '';
  const doubt = String(answer.reason).startsWith('could not be judged') ? ', could not be judged' : '';
  const shadow = answer.shadow_rules === undefined ? '' : `, shadow ${(answer.shadow_rules as string[]).join(' ')}`;
  return `${answer.result} ${answer.code}${rule}${pass}${doubt}${shadow}`;
}

const blocks = fencedBlocks(PATH);
const examples = blocks.flatMap((policy, i): [Fenced, Fenced | undefined][] =>
  policy.language === 'yaml' ? [[policy, blocks[i + 1]]] : [],
);

test('there are examples', () => assert.ok(examples.length >= 10));

interface Asks {
  readonly row: string;
  readonly wanted: string;
  readonly line: string;
  readonly times: number;
}

function asksOf(cases: Fenced | undefined): Asks[] {
  assert.equal(cases?.language, 'text', 'what it decides stands beside it');
  const rows = (cases?.text ?? '').trimEnd().split('\n');
  return rows.map(row => {
    const [request = '', wanted] = row.split(/ *=> /);
    assert.ok(wanted !== undefined, `no answer in: ${row}`);
    return { row, wanted, ...(request === '' ? { line: '', times: 0 } : requestLine(request)) };
  });
}

/** All examples in one process: each begins with a load, which begins afresh. */
const answered = once(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-docs-'));
  try {
    const lines = examples.map(([policy, cases], n) => {
      const file = join(folder, `${n}.yaml`);
      writeFileSync(file, policy.text);
      const asked = asksOf(cases).flatMap(ask => Array.from({ length: ask.times }, () => ask.line));
      return [JSON.stringify({ load_file: file }), ...asked];
    });
    return await batchEach(lines);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
});

for (const [n, [policy, cases]] of examples.entries()) {
  test(`${PATH}:${policy.line}`, async () => {
    const asks = asksOf(cases);
    const [loaded = {}, ...answers] = (await answered())[n] ?? [];
    const refused = asks.find(ask => ask.times === 0);
    if (refused !== undefined) {
      const [error] = loaded.errors as { code: string; line: number; column: number }[];
      assert.equal(`refused ${error?.code} at ${error?.line}:${error?.column}`, refused.wanted);
      return;
    }
    assert.deepEqual(loaded, { ok: true });
    let at = -1;
    for (const ask of asks) {
      at += ask.times;
      assert.equal(said(answers[at] ?? {}), ask.wanted, ask.row);
    }
  });
}

test('a policy with a file is that file, without its first line and its tests', () => {
  const page = readFileSync(PATH, 'utf8').split('\n');
  const named = page.flatMap((line, i) => {
    const file = /\]\(\.\.\/(examples\/policies\/[\w-]+\.yaml)\)/.exec(line)?.[1];
    return file === undefined ? [] : [{ file, line: i + 1 }];
  });
  assert.ok(named.length >= 10);
  for (const { file, line } of named) {
    const shown = blocks.find(block => block.line > line);
    const text = readFileSync(file, 'utf8');
    assert.equal(shown?.text.trim(), text.slice(text.indexOf('\n'), text.indexOf('\ntests:\n')).trim(), file);
  }
});
