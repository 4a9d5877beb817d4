import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalLine, type FlatRecord, parseLine } from '#src/core/audit/canonical.js';
import { recordSigningBytes } from '#src/core/audit/record-signature.js';
import { auditText, boundedText } from '#src/core/audit/text.js';
import { utf8 } from '#src/core/bytes.js';
import { headerOf } from '../../support/header.js';
import { vectorsMissing, vectorText } from '../../support/vectors.js';

test('the bytes in the headers are the bytes computed', () => {
  const fields = { type: 'x', seq: 0, ok: true, a: '\u0000\n"€' };
  assert.ok(headerOf('src/core/audit/canonical.ts').includes(`↔ ${canonicalLine(fields)}`));
  const signed = new TextDecoder().decode(recordSigningBytes({ type: 'checkpoint', sig: 'AAAA', seq: 7 }));
  assert.ok(headerOf('src/core/audit/record-signature.ts').includes(signed.replace('\n', '\\n')));
});

for (const name of ['french', 'unicode', 'weird']) {
  test(`RFC 8785 ${name}`, { skip: vectorsMissing('jcs') }, () => {
    const given = JSON.parse(vectorText(`jcs/input/${name}.json`)) as FlatRecord;
    const hex = vectorText(`jcs/outhex/${name}.txt`).replace(/\s+/g, '');
    assert.equal(Buffer.from(canonicalLine(given)).toString('hex'), hex);
    assert.deepEqual(parseLine(canonicalLine(given)), { ok: true, record: given });
  });
}

const refused: readonly (readonly [string, string])[] = [
  ['', 'not_json'],
  ['{"a":1', 'not_json'],
  ['{"a":1}}', 'not_json'],
  ['\u0000\u0000', 'not_json'],
  ['[]', 'not_an_object'],
  ['null', 'not_an_object'],
  ['"a"', 'not_an_object'],
  ['{"a":null}', 'not_flat'],
  ['{"a":[]}', 'not_flat'],
  ['{"a":{}}', 'not_flat'],
  ['{"a":1.5}', 'not_an_integer'],
  ['{"a":1e400}', 'not_an_integer'],
  ['{"a":9007199254740992}', 'not_an_integer'],
  ['{"a":1.0}', 'not_canonical'],
  ['{"a":1e2}', 'not_canonical'],
  ['{"a":-0}', 'not_canonical'],
  ['{"a":1,"a":1}', 'not_canonical'],
  ['{"b":1,"a":1}', 'not_canonical'],
  ['{"a": 1}', 'not_canonical'],
  ['{"a":1} ', 'not_canonical'],
  ['\ufeff{"a":1}', 'not_json'],
  ['{"a":"\\u0041"}', 'not_canonical'],
  ['{"a":"\\/"}', 'not_canonical'],
  ['{"a":"\\ud800"}', 'not_canonical'],
  ['{"\\ud800":1}', 'not_canonical'],
  ['{"b":1,"a":"\\uD800"}', 'not_canonical'],
  ['{"b":1,"a":"\ud800"}', 'not_canonical'],
  ['{"a":"\\\\ud800","1":0}', 'not_canonical'],
  ['{"a":"\\u001F"}', 'not_canonical'],
];
for (const [line, problem] of refused) {
  test(`${JSON.stringify(line)} is ${problem}`, () => assert.deepEqual(parseLine(line), { ok: false, problem }));
}

test('names of Object.prototype are fields like any other', () => {
  const line = '{"__proto__":1,"constructor":"x","toString":true}';
  const parsed = parseLine(line);
  assert.ok(parsed.ok);
  assert.equal(canonicalLine(parsed.record), line);
});

for (const value of [1.5, Number.NaN, 2 ** 53, '\ud800', null, undefined, {}, 1n]) {
  test(`a record cannot hold ${String(value)}`, () => {
    assert.throws(() => canonicalLine({ a: value } as unknown as FlatRecord), TypeError);
  });
}

const texts: readonly (readonly [string, string, string])[] = [
  ['reason', 'plain', 'plain'],
  ['reason', 'a\nb\u0085\u007f\u0000', 'a%0Ab%C2%85%7F%00'],
  ['reason', 'a\ud800b', 'a\ufffdb'],
  ['reason', 'x'.repeat(513), 'x'.repeat(512)],
  ['url_path', 'x'.repeat(3000), 'x'.repeat(2048)],
  ['url_host', 'x'.repeat(256), 'x'.repeat(255)],
  ['matched_rule', `${'x'.repeat(127)}€`, 'x'.repeat(127)],
  ['matched_rule', `${'x'.repeat(126)}\n`, 'x'.repeat(126)],
  ['note', 'a\nb', 'a\nb'],
  ['frontier', 'x'.repeat(2400), 'x'.repeat(2400)],
  ['agent_id', 'crm-agent', 'crm-agent'],
  ['agent_id', 'crm agent', 'invalid'],
  ['session_id', '', 'invalid'],
  ['tool', 'a'.repeat(129), 'invalid'],
  ['model', 'org/name:1@x', 'org/name:1@x'],
  ['model', 'a\n', 'invalid'],
  ['trace_id', 'f'.repeat(32), 'f'.repeat(32)],
  ['trace_id', 'F'.repeat(32), 'invalid'],
  ['span_id', 'f'.repeat(15), 'invalid'],
  ['parent_span_id', '0123456789abcdef', '0123456789abcdef'],
];
for (const [field, given, want] of texts) {
  test(`${field} ${JSON.stringify(given.slice(0, 20))} of ${given.length}`, () => {
    assert.equal(auditText(field, given), want);
  });
}

test('text is cut between characters, never inside one', () => {
  assert.equal(boundedText('€€€', 7), '€€');
  for (let bound = 0; bound < 24; bound++) {
    const cut = boundedText('a€\n😂\ud800é', bound);
    assert.ok(utf8(cut).length <= bound);
    assert.ok('a€%0A😂\ufffdé'.startsWith(cut));
    assert.ok(!/%0?$/.test(cut));
  }
});
