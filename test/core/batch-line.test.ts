import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BatchError, readBatchLine } from '#src/core/decide/batch-line.js';

const get = '{"method":"GET","url":"https://a.test/"}';
const refused: readonly (readonly [name: string, line: string, code: BatchError['code']])[] = [
  ['no JSON', 'hello', 'bad_json'],
  ['nothing', '', 'bad_json'],
  ['a list', '[]', 'wrong_type'],
  ['null', 'null', 'wrong_type'],
  ['an empty object', '{}', 'missing_key'],
  ['an unknown key', `{"request":${get},"agnet":"a"}`, 'unknown_key'],
  ['__proto__', `{"request":${get},"__proto__":{}}`, 'unknown_key'],
  ['an unknown key of the request', '{"request":{"method":"GET","url":"https://a.test/","hedaers":[]}}', 'unknown_key'],
  ['constructor as a key', '{"request":{"method":"GET","url":"https://a.test/","constructor":1}}', 'unknown_key'],
  ['load and request', `{"load":{},"request":${get}}`, 'bad_value'],
  ['load and load_file', '{"load":{},"load_file":"x"}', 'bad_value'],
  ['load and agent', '{"load":{},"agent":"x"}', 'bad_value'],
  ['agent alone', '{"agent":"x"}', 'missing_key'],
  ['no method', '{"request":{"url":"https://a.test/"}}', 'missing_key'],
  ['no url', '{"request":{"method":"GET"}}', 'missing_key'],
  ['a numeric method', '{"request":{"method":1,"url":"https://a.test/"}}', 'wrong_type'],
  ['a null body', '{"request":{"method":"GET","url":"https://a.test/","body":null}}', 'wrong_type'],
  ['an object body', '{"request":{"method":"GET","url":"https://a.test/","body":{}}}', 'wrong_type'],
  ['headers as an object', '{"request":{"method":"GET","url":"https://a.test/","headers":{}}}', 'wrong_type'],
  ['a header of three', '{"request":{"method":"GET","url":"https://a.test/","headers":[["a","b","c"]]}}', 'wrong_type'],
  ['a null agent', `{"request":${get},"agent":null}`, 'wrong_type'],
  ['a path as agent', `{"request":${get},"agent":"../x"}`, 'bad_value'],
  ['killed as text', `{"request":${get},"killed":"true"}`, 'wrong_type'],
  ['at as a number', `{"request":${get},"at":1}`, 'wrong_type'],
  ['at without a zone', `{"request":${get},"at":"2026-01-07T12:00:00"}`, 'bad_value'],
  ['a key twice', `{"request":${get},"killed":false,"killed":true}`, 'duplicate_key'],
  ['a key twice, once escaped', `{"request":${get},"killed":false,"kill\\u0065d":true}`, 'duplicate_key'],
  ['a request key twice', '{"request":{"method":"GET","method":"POST","url":"https://a.test/"}}', 'duplicate_key'],
  ['two requests', `{"request":${get},"request":${get}}`, 'duplicate_key'],
  ['layers that are no word', '{"load_file":"a","layers":"yes"}', 'wrong_type'],
  ['layers of null', '{"load_file":"a","layers":null}', 'wrong_type'],
  ['layers alone', '{"layers":true}', 'missing_key'],
  ['layers of an object', '{"load":{},"layers":true}', 'bad_value'],
  ['layers of a request', '{"request":{"method":"GET","url":"https://a.test/"},"layers":true}', 'bad_value'],
  ['layers twice', '{"load_file":"a","layers":true,"layers":true}', 'duplicate_key'],
  ['load_file twice', '{"load_file":"a","load_file" : "b"}', 'duplicate_key'],
  ['a tool that is a number', '{"request":{"tool":5}}', 'wrong_type'],
  ['a null tool', '{"request":{"tool":null}}', 'wrong_type'],
  ['arguments of no tool', '{"request":{"method":"GET","url":"https://a.test/","args":{}}}', 'missing_key'],
  ['a tool with a body', '{"request":{"tool":"read","body":"x"}}', 'bad_value'],
  ['a tool with headers', '{"request":{"tool":"read","headers":[]}}', 'bad_value'],
  ['a tool with a null url', '{"request":{"tool":"read","url":null}}', 'wrong_type'],
  ['a tool with a null method', '{"request":{"tool":"read","method":null}}', 'wrong_type'],
  ['arguments twice', '{"request":{"tool":"read","args":{"a":1},"args":{"a":1}}}', 'duplicate_key'],
  ['arguments twice, once escaped', '{"request":{"tool":"read","args":{"a":1},"\\u0061rgs":{"b":1}}}', 'duplicate_key'],
  ['half a pair in a tool', '{"request":{"tool":"\\ud800"}}', 'bad_value'],
  ['half a surrogate pair', '{"request":{"method":"GET","url":"https://a.test/","body":"\\ud800"}}', 'bad_value'],
];
for (const [name, line, code] of refused) {
  test(`a batch line refuses ${name}`, () => {
    const read = readBatchLine(line);
    assert.equal(read.is, 'bad');
    assert.equal(read.is === 'bad' && read.error.code, code);
  });
}

test('a batch line keeps everything of a request', () => {
  const body = 'a "quoted": \\ thing: é 😀';
  const line = JSON.stringify({
    request: { method: 'POST', url: 'https://a.test/x', headers: [['A', 'b: "c":']], body },
    agent: 'crm',
    at: '2026-01-07T12:00:00.5+01:00',
    killed: true,
  });
  assert.deepEqual(readBatchLine(` ${line}\r`), {
    is: 'request',
    request: { method: 'POST', url: 'https://a.test/x', headers: [['A', 'b: "c":']], body, tool: null, args: null },
    agent: 'crm',
    atMs: Date.UTC(2026, 0, 7, 11, 0, 0, 500),
    killed: true,
  });
});

test('escaped pairs and escaped backslashes are no mistakes', () => {
  const read = readBatchLine(
    '{"request":{"method":"GET","url":"https://a.test/","body":"\\ud83d\\ude00 \\\\\\\\","headers":[]}}',
  );
  assert.equal(read.is === 'request' && read.request.body, '😀 \\\\');
});

test('a load hands on the source text, numbers as written', () => {
  const policyText = '{"default":"deny","x":1.0000000000000000000001e3}';
  assert.deepEqual(readBatchLine(` { "load" : ${policyText} } `), { is: 'load', policyText });
  assert.deepEqual(readBatchLine('{"load_file":"/p.yaml"}'), { is: 'load_file', path: '/p.yaml', layers: false });
  assert.deepEqual(readBatchLine('{"layers":true,"load_file":"/p.yaml"}'), {
    is: 'load_file',
    path: '/p.yaml',
    layers: true,
  });
});

test('a load given twice leaves text that is no JSON', () => {
  const read = readBatchLine('{"load":{"a":1},"load":{"b":2}}');
  assert.throws(() => JSON.parse(read.is === 'load' ? read.policyText : '{}'), SyntaxError);
});

for (const [args, source = args] of [
  ['{"n":1.00,"n":2e400,"deep":{"request":[1,{"args":2}]}}'],
  [' [ "a]}\\"," , {"b":1 , "b":2} ] ', '[ "a]}\\"," , {"b":1 , "b":2} ]'],
  ['null'],
  ['-1.50e0'],
  ['"\\ud800 \\u0061"'],
  ['true '.trim()],
] as const) {
  test(`arguments stay as they are written: ${args}`, () => {
    for (const line of [
      `{"at":"2026-01-07T12:00:00Z","request":{"tool":"github/read","args":${args}}}`,
      `{ "request" : { "\\u0061rgs" :${args}, "tool":"github/read" } , "agent" : "args" }`,
    ]) {
      const read = readBatchLine(line);
      assert.ok(read.is === 'request', JSON.stringify(read));
      const { tool, method, url, headers, body, args: got } = read.request;
      assert.deepEqual(
        { tool, method, url, headers, body, got },
        {
          ...{ tool: 'github/read', method: 'POST', url: null, headers: [], body: null },
          got: source,
        },
      );
    }
  });
}

test('a tool call may bring a method and a URL', () => {
  const read = readBatchLine('{"request":{"tool":"read","method":"PUT","url":"tool://files/tools/read"}}');
  assert.deepEqual(read.is === 'request' && [read.request.method, read.request.url, read.request.args], [
    ...['PUT', 'tool://files/tools/read', null],
  ]);
});
