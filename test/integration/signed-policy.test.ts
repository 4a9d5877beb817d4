// T-76, T-78 of THREAT-MODEL.md: a real agent with its log, from its settings file.
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
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

test('what is gone from the state folder is a loss also where a daemon writes the records', async t => {
  const put = (version: number) => {
    home.replace('policy.yaml', policyText(version));
    home.replace('policy.yaml.dsse', envelope(policyText(version)));
  };
  const home = new Home({
    'checkrd.yaml': 'agent_id: crm\nrequire_signature: true\ndaemon: { records: nobody.sock }\n',
    'trust/ann.pub': ann.pub,
  });
  t.after(() => home.remove());
  const start = async (): Promise<string> => {
    const checkrd = new Checkrd({ configDir: home.dir, daemonRecords: home.path('nobody.sock') });
    const { state, issue } = checkrd.healthy().policy;
    await checkrd.close();
    return `${state} ${issue?.code}`;
  };
  put(3);
  assert.equal(await start(), 'ok undefined');
  // Whatever a local log may have taken at the end.
  for (const name of readdirSync(home.path('audit'))) {
    if (!name.endsWith('.handed')) rmSync(home.path('audit', name), { recursive: true });
  }
  rmSync(home.path('state'), { recursive: true });
  put(2);
  assert.equal(await start(), 'missing versions_lost');
});

test('a refused signature is told with the command that explains it', async t => {
  const home = new Home({
    'checkrd.yaml': 'agent_id: crm\nrequire_signature: true\n',
    'policy.yaml': policyText(3),
    'trust/ann.pub': ann.pub,
  });
  t.after(() => home.remove());
  const warned: string[] = [];
  const hear = ({ message }: Error) => void warned.push(message);
  process.on('warning', hear);
  t.after(() => process.off('warning', hear));
  await new Checkrd({ configDir: home.dir }).close();
  await turn();
  const policy = home.path('policy.yaml');
  assert.ok(
    warned.some(text => text.includes(`policy_unsigned (\`checkrd check --require-signature ${policy}\` explains it)`)),
    warned.join('\n'),
  );
});
