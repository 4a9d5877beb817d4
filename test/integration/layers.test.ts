/** T-74 of THREAT-MODEL.md. A real agent, real files, the real command: a layer binds, cannot vanish, and is let go on the record. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, unlinkSync } from 'node:fs';
import { test } from 'node:test';
import { Checkrd } from 'checkrd';
import { serves } from '../support/agent-under-test.js';
import { cli } from '../support/cli.js';
import { Home } from '../support/home.js';
import { until } from '../support/wait.js';

const sha = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex');

test('a layer binds the policy, its going is refused, and its drop is recorded with who did it', async t => {
  const { origin } = await serves(t);
  const home = new Home({
    'policy.yaml': 'default: allow\nrules:\n  - { name: two, limit: { calls_per_day: 2, per: global } }\n',
    'policy.d/10-company.yaml':
      'default: allow\nrules:\n  - { name: no-deletes, deny: { method: DELETE, url: "**" } }\n',
    'policy.d/20-others.yaml': 'agents: [other]\ndefault: deny\nrules: []\n',
  });
  const around = { cwd: home.dir, env: { CHECKRD_CONFIG_DIR: home.dir } };
  const checkrd = new Checkrd({ agentId: 'edge', configDir: home.dir });
  t.after(async () => {
    await checkrd.close();
    home.remove();
  });
  const fetch = checkrd.wrap();
  const status = async (method: string): Promise<string> => {
    try {
      return String((await fetch(origin, { method })).status);
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  };
  const asked = [await status('DELETE'), await status('DELETE'), await status('DELETE'), await status('GET')];
  const denial = "denied by rule 'no-deletes' (layer '10-company.yaml')";
  assert.deepEqual(asked, [denial, denial, denial, '200']);

  unlinkSync(home.path('policy.d/10-company.yaml'));
  await until('refused', () => home.records('edge').some(record => record.type === 'policy_rejected'));
  assert.equal(await status('DELETE'), denial, 'what is in force stays');
  const dropped = await cli(['layer', 'drop', '10-company.yaml'], around);
  assert.equal(dropped.code, 0, dropped.err);
  await until('loaded', () => home.records('edge').filter(record => record.type === 'policy_loaded').length === 2);
  assert.equal(await status('DELETE'), '200', 'the second of two: the count went over, denials were never charged');
  assert.match(await status('GET'), /rate limited by rule 'two'/);

  await checkrd.close();
  const records = home.records('edge');
  const of = (type: string) => records.filter(record => record.type === type);
  const [action] = of('operator_action');
  assert.deepEqual(
    [action?.action, action?.reason, action?.by_uid],
    ['layer_drop', '10-company.yaml', process.getuid?.()],
  );
  const rejected = of('policy_rejected');
  assert.deepEqual(
    rejected.map(record => [record.error, record.path]),
    [['policy_layer_gone', home.path('policy.d/10-company.yaml')]],
  );
  const [first] = of('decision');
  assert.deepEqual(
    [first?.policy_layer, first?.matched_rule, first?.code],
    ['10-company.yaml', 'no-deletes', 'rule_denied'],
  );
  assert.ok(
    of('decision')
      .filter(record => record.policy_result === 'allow')
      .every(record => record.policy_layer === undefined),
  );

  // An auditor goes from a record to every byte that decided.
  const kept = (id: unknown) => readFileSync(home.path('state/policies', String(id)));
  const manifest = kept(first?.policy_sha256);
  assert.equal(sha(manifest), first?.policy_sha256);
  const documents = manifest
    .toString()
    .trimEnd()
    .split('\n')
    .map(line => line.split(' '));
  assert.deepEqual(
    documents.map(([, name]) => name),
    ['policy.yaml', '10-company.yaml', '20-others.yaml'],
  );
  for (const [hash] of documents) assert.equal(sha(kept(hash)), hash);

  const out = home.path('evidence.tar');
  const log = home.path('audit', 'edge.jsonl');
  const pub = home.path('keys', 'origin.pub');
  const key = existsSync(pub) ? pub : String(of('log_started')[0]?.public_key);
  const exported = await cli(['export', '--agent', 'edge', '--out', out, '--key', key, '--json', log], around);
  assert.equal(exported.code, 0, exported.err + exported.out);
  const held = (JSON.parse(exported.out) as { policies: string[] }).policies;
  for (const [hash = ''] of documents) assert.ok(held.includes(hash));
  assert.equal((await cli(['export', '--check', out, '--key', key], around)).code, 0);
  renameSync(out, home.path('kept.tar'));
  unlinkSync(home.path('state/policies', documents[1]?.[0] ?? ''));
  const partly = await cli(['export', '--agent', 'edge', '--out', out, '--key', key, log], around);
  assert.equal(partly.code, 2);
  assert.match(partly.err, /MISSING/);
});
