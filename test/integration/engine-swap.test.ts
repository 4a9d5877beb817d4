// T-83 of THREAT-MODEL.md: another engine under a running daemon, by files.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Checkrd } from 'checkrd';
import { cli } from '../support/cli.js';
import { DaemonHome } from '../support/daemon-home.js';
import { Home } from '../support/home.js';
import { digest, engineEnvelope, importing, ODD_METHOD, oddEngines, otherAbi, pinnedBytes, relabelled } from '../support/odd-engines.js';
import { ann, bob, eve } from '../support/signed-site.js';
import { until } from '../support/until.js';

const POLICY = `default: deny
rules:
  - { name: reads, allow: { method: GET } }
  - { name: few, limit: { method: GET, url: "few.test/**", calls_per_hour: 2, per: agent } }
tests:
  - { name: odd, request: { method: ${ODD_METHOD}, url: "https://a.example/" }, expect: { result: deny } }
`;
const SETTINGS = 'engine: engine.wasm\ndaemon: { agents: [{ id: crm }] }\n';

/** A site whose engine file the test replaces. */
function siteOf(t: TestContext) {
  const home = new DaemonHome(t, { 'policy.yaml': POLICY, 'checkrd.yaml': SETTINGS });
  home.write('trust/ann.pub', ann.pub);
  home.write('trust/engine/bob.pub', bob.pub);
  home.write('engine.wasm', pinnedBytes());
  return home;
}

/** As an operator replaces both: the envelope first, each by a rename. */
function put(home: Home, bytes: Uint8Array, envelope: string | null = null): void {
  if (envelope !== null) home.replace('engine.wasm.dsse', envelope);
  home.write('engine.new', bytes);
  renameSync(home.path('engine.new'), home.path('engine.wasm'));
}

test('an engine file under a running daemon is taken when it is vouched for and proven, else refused', async t => {
  const odd = await oddEngines(t);
  const home = siteOf(t);
  const daemon = await home.start();
  const said = () =>
    home
      .records('daemon')
      .filter(({ type }) => type === 'engine_loaded' || type === 'engine_rejected')
      .map(({ engine_sha256: sha256, error = 'loaded' }) => `${error} ${sha256}`);
  const next = async (wanted: string): Promise<void> => {
    const before = said().length;
    await until(wanted, () => said().length > before, 60_000);
    assert.deepEqual(said().slice(before), [wanted]);
  };
  const engine = async () => (await home.ask('main', '/healthz')).body.engine as Record<string, unknown>;
  const inForce = digest(pinnedBytes());
  assert.deepEqual(said(), [`loaded ${inForce}`]);
  assert.equal((await home.decide('crm', 'https://few.test/')).body.result, 'allow');

  // The same bytes again are no news; nor is what was refused.
  put(home, pinnedBytes());
  const altered = pinnedBytes();
  altered[altered.length - 1]! ^= 1;
  const refusals: readonly (readonly [string, Uint8Array, string | null])[] = [
    ['engine_untrusted', altered, null],
    ['engine_untrusted', pinnedBytes().subarray(0, 1000), null],
    ['engine_untrusted', odd('sound'), engineEnvelope(odd('sound'), [eve])],
    // Who signs policies signs no engines.
    ['engine_untrusted', odd('traps'), engineEnvelope(odd('traps'), [ann])],
    ['engine_integrity', importing(), engineEnvelope(importing(), [bob])],
    ['engine_integrity', otherAbi(), engineEnvelope(otherAbi(), [bob])],
    ['engine_unproven', odd('flips'), engineEnvelope(odd('flips'), [bob])],
    ['engine_unproven', odd('flips_odd_methods'), engineEnvelope(odd('flips_odd_methods'), [bob])],
  ];
  for (const [error, bytes, envelope] of refusals) {
    const refused = next(`${error} ${digest(bytes)}`);
    put(home, bytes, envelope);
    await refused;
    assert.equal((await engine()).sha256, inForce);
  }
  const told = said().length;
  const [, last] = refusals.at(-1) ?? [];
  put(home, last ?? altered);
  const health = (await home.ask('main', '/healthz')).body;
  assert.equal(health.status, 'degraded');
  assert.equal((health.engine as { issue: { code: string } }).issue.code, 'engine_unproven');
  const status = await cli(['status', '--config', home.path('checkrd.yaml'), '--json']);
  assert.equal(status.code, 1, status.out);
  assert.match(status.out, /engine: the engine .* does not decide as it must/);
  assert.equal(said().length, told);

  // One that is vouched for, and decides alike: counters go on.
  const rebuilt = odd('sound');
  const taken = next(`loaded ${digest(rebuilt)}`);
  put(home, rebuilt, engineEnvelope(rebuilt, [bob]));
  await taken;
  assert.deepEqual(await engine(), {
    ...{ path: home.path('engine.wasm'), sha256: digest(rebuilt), abi: (await engine()).abi },
    ...{ from: 'signed', signed_by: [bob.keyId], issue: null },
  });
  assert.equal((await home.decide('crm', 'https://few.test/')).body.result, 'allow');
  assert.equal((await home.decide('crm', 'https://few.test/')).body.code, 'rate_limited');
  // A policy that comes later is built for it, and decided by it.
  home.replace('policy.yaml', POLICY.replace('calls_per_hour: 2', 'calls_per_hour: 3'));
  await until('the policy', async () => home.records('daemon').filter(r => r.type === 'policy_loaded').length === 2);
  const shown = await cli(['status', '--config', home.path('checkrd.yaml')]);
  assert.match(shown.out, new RegExp(`engine {4}${digest(rebuilt)}, signed by ${bob.keyId}`));

  // One that was signed before it, although sound; and its own key taken away.
  const older = relabelled(pinnedBytes(), 'older');
  const refused = next(`engine_untrusted ${digest(older)}`);
  put(home, older, engineEnvelope(older, [bob], { issued: '2025-12-31T00:00:00Z' }));
  await refused;
  const back = next(`loaded ${inForce}`);
  put(home, pinnedBytes());
  await back;
  assert.equal((await home.ask('main', '/healthz')).body.status, 'ok');
  daemon.kill('SIGTERM');
  assert.equal(await daemon.exit, 0);

  // At start: what is vouched for and proven, else nothing.
  put(home, rebuilt, engineEnvelope(rebuilt, [bob]));
  const second = await home.start();
  assert.equal(said().at(-1), `loaded ${digest(rebuilt)}`);
  second.kill('SIGTERM');
  await second.exit;
  put(home, odd('flips'), engineEnvelope(odd('flips'), [bob]));
  const third = home.spawn();
  assert.notEqual(await third.exit, 0);
  assert.match(third.said(), /engine_integrity.*does not decide as it must/s);
});

test('a library swaps the engine that its settings name, and keeps the one that came with it', async t => {
  const bytes = relabelled(pinnedBytes(), 'library');
  const home = new Home({ 'policy.yaml': POLICY, 'checkrd.yaml': 'engine: engine.wasm\n' });
  t.after(() => home.remove());
  home.write('trust/engine/bob.pub', bob.pub);
  home.write('engine.wasm', pinnedBytes());
  const own = new Checkrd({ agentId: 'own', configDir: home.dir });
  put(home, bytes, engineEnvelope(bytes, [bob]));
  await until('the swap', () => own.healthy().engine?.sha256 === digest(bytes), 60_000);
  assert.deepEqual([own.healthy().engine?.from, own.healthy().policySha256], ['signed', digest(Buffer.from(POLICY))]);
  await own.close();
  // A policy that came as an object came with its engine.
  const given = new Checkrd({ agentId: 'given', configDir: home.dir, policy: { default: 'allow' } });
  put(home, pinnedBytes());
  await given.close();
  assert.equal(given.healthy().engine?.sha256, digest(bytes));
});
