// T-76 of THREAT-MODEL.md: a real agent with its log, from its settings file.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checkrd } from 'checkrd';
import { failureOf } from '../support/agent-under-test.js';
import { Home } from '../support/home.js';
import { ann, envelope, policyText } from '../support/signed-site.js';

test('an agent refuses a policy that was changed after signing, across starts, and its log tells', async t => {
  const good = policyText(3);
  const settings = 'agent_id: crm\nrequire_signature: true\n';
  const home = new Home({
    'checkrd.yaml': settings,
    'policy.yaml': good,
    'policy.yaml.dsse': envelope(good),
    'trust/ann.pub': ann.pub,
  });
  t.after(() => home.remove());
  const start = async (): Promise<string> => {
    const checkrd = new Checkrd({ configDir: home.dir });
    try {
      const error = await failureOf(checkrd.wrap()('https://other.example/'));
      return error.code ?? String(error);
    } finally {
      await checkrd.close();
    }
  };
  assert.equal(await start(), 'default_denied');
  home.replace('policy.yaml', good.replace('default: deny', 'default: allow'));
  assert.equal(await start(), 'default_denied');
  assert.equal(await start(), 'default_denied');
  const told = home
    .records('crm')
    .flatMap(({ type, version, signed_by, error }) =>
      type === 'policy_loaded' ? [`loaded ${version} ${signed_by}`] : type === 'policy_rejected' ? [error] : [],
    );
  const loaded = `loaded 3 ${ann.keyId}`;
  assert.deepEqual(told, [loaded, ...['policy_signature_refused', loaded], ...['policy_signature_refused', loaded]]);
});
