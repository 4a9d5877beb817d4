/** Laying out a policy: the same meaning, every comment, and a result that is laid out to itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { STARTER_POLICY } from '#src/cli/starter.js';
import { formatPolicy } from '#src/core/policy/format/format.js';
import { readPolicy } from '#src/core/policy/read.js';
import { fencedBlocks } from '../../support/fenced.js';
import { policyText } from '../../support/oracle/arbitrary.js';

const bytes = (text: string) => new TextEncoder().encode(text);

function formatted(text: string, format: 'yaml' | 'json' = 'yaml'): string {
  const done = formatPolicy(bytes(text), format);
  assert.ok(done.ok, `${JSON.stringify(done)}\n${text}`);
  const again = formatPolicy(bytes(done.text), format);
  assert.ok(again.ok);
  assert.equal(again.text, done.text, 'it is laid out to itself');
  return done.text;
}

test('keys in order, comments with their keys, one blank line where there were some', () => {
  const text = `# yaml-language-server: $schema=policy.schema.json
# the head

# about the mode
mode:   enforce # always
default: deny


rules:
    # first rule
    - allow: { url: "a.test/**",   method: [GET,POST] }  # why
      name: reads


    # second
    # rule
    - name: long   
      body: {max: 5.00, jsonpath: $.a}
      # before the effect
      deny:
          # inner
          url: 'b.test/x'
          method: POST
    # the end of the rules
# the end
`;
  assert.equal(
    formatted(text),
    `# yaml-language-server: $schema=policy.schema.json
# the head

default: deny
# about the mode
mode: enforce # always

rules:
  # first rule
  - name: reads
    allow: { method: [GET, POST], url: "a.test/**" } # why

  # second
  # rule
  - name: long
    # before the effect
    deny:
      method: POST
      # inner
      url: 'b.test/x'
    body: { jsonpath: $.a, max: 5.00 }
  # the end of the rules
  # the end
`,
  );
});

test('a comment right over the first key of a block moves with that key, one behind a key stays on its line', () => {
  const hosts = Array.from({ length: 9 }, (_, i) => `"value-number-${i}"`).join(', ');
  const text = `default: deny
rules: # all of them
  - name: r
    allow: # reads

      # about the block

      # only the API
      url: a.test
      headers: [{ name: X, in: [${hosts}] }] # who
      method: GET
    description: d
`;
  const rest = hosts.replaceAll(', ', '\n            - ');
  assert.equal(
    formatted(text),
    `default: deny
rules: # all of them
  - name: r
    allow: # reads

      # about the block

      method: GET
      # only the API
      url: a.test
      headers: # who
        - name: X
          in:
            - ${rest}
    description: d
`,
  );
  assert.equal(formatted(text.replaceAll('\n', '\r\n')), formatted(text));
});

test('the line for the editor stays the first, though it stands right over a key that moves', () => {
  const line = '# yaml-language-server: $schema=policy.schema.json\n';
  assert.ok(formatted(`${line}mode: enforce\ndefault: deny\nrules: []\n`).startsWith(line));
});

test('what is too wide for a line becomes a block, whatever else fits stays', () => {
  const wide = Array.from({ length: 30 }, (_, i) => `method-${i}`);
  const text = `default: deny\nrules: [{ name: r, allow: { method: [${wide.join(', ')}], headers: [{ name: a }] } }]\n`;
  const lines = formatted(text).split('\n');
  assert.ok(lines.every(line => line.length <= 120));
  assert.ok(lines.some(line => line.trim() === '- name: a' || line.includes('{ name: a }')));
});

test('data of tests keeps its order and its digits', () => {
  const text = `default: deny
rules: []
tests:
  - { expect: { result: deny }, name: t, request: { body: { z: 5.00, a: null, rules: ~, c: "5", d: !!str 6, e: 1e400 }, method: POST, url: u } }
`;
  const out = formatted(text);
  assert.match(out, /\{ z: 5\.00, a: null, rules: ~, c: "5", d: !!str 6, e: 1e400 \}/);
});

test('an anchor stays before its aliases', () => {
  const text =
    'default: deny\nrules:\n  - body: &cap { max: 5, jsonpath: $.a }\n    name: a\n    deny: {}\n  - { name: b, deny: { body: *cap } }\n';
  const out = formatted(text);
  assert.match(out, /- body: &cap \{ max: 5, jsonpath: \$\.a \}\n {4}name: a/);
  assert.match(out, /body: \*cap/);
});

test('a policy that does not load is refused with what is wrong', () => {
  const done = formatPolicy(bytes('default: deny\nruls: []\n'), 'yaml');
  assert.ok(!done.ok && done.why === 'issues' && done.issues[0]?.code === 'unknown_key');
});

test('JSON: short things on a line, digits as they were', () => {
  const text = '{"rules":[{"deny":{"body":{"max":5.00,"jsonpath":"$.a"}},"name":"a"}],"default":"deny"}\n';
  assert.equal(
    formatted(text, 'json'),
    `{
  "default": "deny",
  "rules": [{ "name": "a", "deny": { "body": { "jsonpath": "$.a", "max": 5.00 } } }]
}
`,
  );
  const rules = Array.from({ length: 9 }, (_, i) => ({ name: `rule-${i}`, deny: {} }));
  const many = formatted(`${JSON.stringify({ default: 'deny', rules })}\n`, 'json');
  assert.match(many, /\n {4}\{ "name": "rule-3", "deny": \{\} \},\n/);
});

test('the starter and the policies of the guide lose nothing; the starter is as fmt writes it', () => {
  assert.equal(formatted(STARTER_POLICY), STARTER_POLICY);
  for (const { language, text } of fencedBlocks('docs/policy.md')) {
    if (language === 'yaml' && readPolicy(bytes(text), 'yaml').ok) formatted(text);
  }
});

/** A policy in many a hand: blocks, flow, quotes, comments and blank lines where nobody expects them. */
const written = fc
  .tuple(
    policyText,
    fc.record({
      flow: fc.boolean(),
      indent: fc.constantFrom(1, 2, 4),
      quote: fc.boolean(),
      width: fc.constantFrom(0, 20, 80),
    }),
    fc.array(fc.tuple(fc.nat(200), fc.constantFrom('# a', '#b', '', '  # c', '# yaml-language-server: x')), {
      maxLength: 6,
    }),
    fc.array(fc.tuple(fc.nat(200), fc.constantFrom(' # t', ' #u: v')), { maxLength: 3 }),
  )
  .map(([json, { flow, indent, quote, width }, between, behind]) => {
    const text = stringify(parse(JSON.stringify(JSON.parse(json))), {
      collectionStyle: flow ? 'flow' : 'block',
      indent,
      lineWidth: width,
      defaultStringType: quote ? 'QUOTE_DOUBLE' : 'PLAIN',
      defaultKeyType: 'PLAIN',
      aliasDuplicateObjects: false,
    });
    const lines = text.trimEnd().split('\n');
    for (const [at, comment] of behind) lines[at % lines.length] += comment;
    for (const [at, comment] of between) lines.splice(at % (lines.length + 1), 0, comment);
    return `${lines.join('\n')}\n`;
  });

test('whatever loads is laid out, keeps its meaning and its comments, and comes to rest', t => {
  let laid = 0;
  fc.assert(
    fc.property(written, text => {
      if (!readPolicy(bytes(text), 'yaml').ok) return;
      const done = formatPolicy(bytes(text), 'yaml');
      assert.ok(done.ok, `${JSON.stringify(done)}\n${text}`);
      const again = formatPolicy(bytes(done.text), 'yaml');
      assert.ok(again.ok && again.text === done.text, text);
      laid += 1;
    }),
    { seed: 4, numRuns: 400, endOnFailure: process.env.SHRINK === undefined },
  );
  t.diagnostic(`${laid} policies`);
  assert.ok(laid > 250);
});

test('whatever loads as JSON is laid out and comes to rest', () => {
  fc.assert(
    fc.property(policyText, text => {
      formatted(`${text}\n`, 'json');
    }),
    { seed: 5, numRuns: 120 },
  );
});
