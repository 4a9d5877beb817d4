// T-46 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { openLibrary } from '#src/agent/open-library.js';
import { Home } from '../support/home.js';

const GET = { method: 'GET', url: 'https://api.example.com/', headers: [], body: { kind: 'none' } } as const;

function homed(t: TestContext, files: Readonly<Record<string, string>>): Home {
  const home = new Home({ 'policy.yaml': 'default: deny\nrules: []\n', ...files });
  t.after(() => home.remove());
  return home;
}
const open = (home: Home, env: Readonly<Record<string, string>>) =>
  openLibrary({ options: { agentId: 'a' }, env: { CHECKRD_CONFIG_DIR: home.dir, ...env } });

test('CHECKRD_DISABLED is recorded, leaves the switch in force, and can be forbidden', async t => {
  const warned: string[] = [];
  const hear = (warning: Error) => void warned.push(warning.message);
  process.on('warning', hear);
  t.after(() => process.off('warning', hear));

  const home = homed(t, {});
  const agent = open(home, { CHECKRD_DISABLED: '1' });
  const context = { agent: agent.agentId };
  const begun = agent.begin(GET, context);
  assert.equal(begun.kind, 'proceed');
  if (begun.kind === 'proceed') begun.call.finish({ result: 'ok' });
  writeFileSync(home.path('killswitch'), '');
  const stopped = agent.begin(GET, context);
  assert.ok(stopped.kind === 'refused');
  assert.equal(stopped.decision.code, 'kill_switch');
  assert.match(agent.health().warnings.join(), /CHECKRD_DISABLED=1/);
  assert.equal(agent.health().state, 'degraded');
  await agent.close();
  await immediate();

  const records = home.records('a');
  assert.ok(records.some(r => r.type === 'operator_action' && r.action === 'disabled'));
  assert.ok(records.some(r => r.type === 'agent_started' && r.mode === 'disabled'));
  assert.ok(records.some(r => r.type === 'decision' && r.code === 'kill_switch'));
  assert.ok(
    warned.some(text => text.startsWith('CHECKRD_DISABLED=1')),
    JSON.stringify(warned),
  );

  const locked = homed(t, { 'checkrd.yaml': 'allow_disable: false\n' });
  assert.throws(() => open(locked, { CHECKRD_DISABLED: '1' }), { code: 'disable_forbidden' });
});

test('any other value of CHECKRD_DISABLED disables nothing', async t => {
  for (const value of ['0', 'true', '']) {
    const home = homed(t, {});
    const agent = open(home, { CHECKRD_DISABLED: value });
    assert.equal(agent.begin(GET, { agent: agent.agentId }).kind, 'refused', value);
    await agent.close();
  }
});
