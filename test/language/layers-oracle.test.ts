/** The language, section 10: sets of documents against a model composed of single ones, and one set by hand. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runLayered } from '../support/oracle/layered.js';
import { tempFolder } from '../support/temp.js';
import { batch } from './run-cases.js';

const seed = 20_261_107;
const sets = 24;

test(`layers decide as the text of the language says, on ${sets} sets of documents (seed ${seed})`, t => {
  const tally = runLayered(seed, sets);
  t.diagnostic(JSON.stringify(tally));
  for (const kind of [
    'rate_limited',
    'rate_limited by a layer',
    'default_denied by a layer',
    'let pass',
    'rule_allowed',
  ]) {
    assert.ok((tally[kind] ?? 0) > 0, `${kind}: ${tally[kind]}`);
  }
});

/** Each row: who asks, for what, when, and the answer with the layer that is named. */
const ROWS: readonly (readonly [agent: string, call: string, answer: string])[] = [
  ['bot', 'GET /open', 'allow true default_allowed -'],
  ['bot', 'GET /main', 'deny true rule_denied -'],
  ['bot', 'GET /both', 'deny true rule_denied 10-a.yaml'],
  ['bot', 'PUT /open', 'deny false rule_denied 20-b.yaml'],
  ['bot', 'PUT /both', 'deny true rule_denied 10-a.yaml'],
  ['other', 'GET /open', 'deny true no_policy_for_agent -'],
  ['bot-2', 'GET /both', 'allow true default_allowed -'],
  ['bot-2', 'GET /last', 'deny true rule_denied 40-d.yaml'],
  // A limit of the first document is not charged where the last one denies, nor one of the last where the first does.
  ['bot', 'GET /once/last', 'deny true rule_denied 40-d.yaml'],
  ['bot', 'GET /once/main', 'deny true rule_denied -'],
  ['bot', 'GET /once/x', 'allow true default_allowed -'],
  ['bot', 'GET /once/x', 'deny true rate_limited -'],
];
const DOCUMENTS = {
  'policy.yaml': `agents: ["bot*"]
default: allow
rules:
  - { name: main, deny: { url: "a.example/**/main" } }
  - { name: once, limit: { url: "a.example/once/**", calls_per_day: 1, per: global } }
`,
  'policy.d/10-a.yaml': 'agents: [bot]\ndefault: allow\nrules: [{ name: a, deny: { url: a.example/both } }]\n',
  'policy.d/20-b.yaml': `mode: dry_run
default: allow
rules: [{ name: b, deny: { method: PUT } }]
`,
  'policy.d/30-c.yaml': `agents: [bot]
default: allow
rules: [{ name: c, deny: { url: a.example/both } }]
`,
  'policy.d/40-d.yaml': `default: allow
rules:
  - { name: d, deny: { url: "a.example/**/last" } }
  - { name: once-too, limit: { url: "a.example/once/**", calls_per_day: 1, per: global } }
`,
};

test('§10: any enforcing document denies, the first is named, a layer that does not speak for the agent abstains', async t => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'policy.d'));
  for (const [name, text] of Object.entries(DOCUMENTS)) writeFileSync(join(folder, name), text);
  const asked = ROWS.map(([agent, call]) => {
    const [method, path] = call.split(' ');
    return { request: { method, url: `https://a.example${path}` }, agent, at: '2026-01-07T12:00:00Z' };
  });
  const load = { load_file: join(folder, 'policy.yaml'), layers: true };
  const [loaded, ...answers] = await batch([load, ...asked].map(line => JSON.stringify(line)));
  assert.equal(loaded?.ok, true);
  assert.deepEqual(
    answers.map(a => `${a.result} ${a.enforced} ${a.code} ${a.policy_layer ?? '-'}`),
    ROWS.map(([, , answer]) => answer),
  );
});
