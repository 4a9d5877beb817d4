// T-83 of THREAT-MODEL.md: another engine under a running daemon, by files.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cli } from '../support/cli.js';
import { ENGINE_POLICY, engineRecords, engineSite, putEngine } from '../support/engine-site.js';
import { digest, engineEnvelope, importing, oddEngines, pinnedBytes, relabelled } from '../support/odd-engines.js';
import { ann, bob, eve } from '../support/signed-site.js';
import { until } from '../support/until.js';

test('an engine file under a running daemon is taken when it is vouched for and proven, else refused', async t => {
  const odd = await oddEngines();
  const home = engineSite(t);
  const daemon = await home.start();
  const said = () => engineRecords(home);
  const next = async (wanted: string): Promise<void> => {
    const before = said().length;
    const [, sha256 = ''] = wanted.split(' ');
    // Envelope and engine are two files: what stood there before may be judged by the new envelope in between, and refused again.
    const ofIt = () =>
      said()
        .slice(before)
        .filter(line => line.endsWith(sha256));
    await until(wanted, () => ofIt().length > 0, 60_000);
    assert.deepEqual(ofIt(), [wanted]);
    assert.ok(
      said()
        .slice(before)
        .every(line => line === wanted || !line.startsWith('loaded')),
    );
  };
  const engine = async () => (await home.ask('main', '/healthz')).body.engine as Record<string, unknown>;
  const inForce = digest(pinnedBytes());
  assert.deepEqual(said(), [`loaded ${inForce}`]);
  assert.equal((await home.decide('crm', 'https://few.test/')).body.result, 'allow');

  // The same bytes again are no news; nor is what was refused.
  putEngine(home, pinnedBytes());
  const altered = pinnedBytes();
  altered[altered.length - 1]! ^= 1;
  const refusals: readonly (readonly [string, Uint8Array, string | null])[] = [
    ['engine_untrusted', altered, null],
    ['engine_untrusted', pinnedBytes().subarray(0, 1000), null],
    ['engine_untrusted', odd('sound'), engineEnvelope(odd('sound'), [eve])],
    // Who signs policies signs no engines.
    ['engine_untrusted', odd('traps'), engineEnvelope(odd('traps'), [ann])],
    ['engine_integrity', importing(), engineEnvelope(importing(), [bob])],
    ['engine_unproven', odd('flips'), engineEnvelope(odd('flips'), [bob])],
  ];
  for (const [error, bytes, envelope] of refusals) {
    const refused = next(`${error} ${digest(bytes)}`);
    putEngine(home, bytes, envelope);
    await refused;
    assert.equal((await engine()).sha256, inForce);
  }
  const told = said().length;
  const [, last] = refusals.at(-1) ?? [];
  putEngine(home, last ?? altered);
  const health = (await home.ask('main', '/healthz')).body;
  assert.equal(health.status, 'degraded');
  assert.equal((health.engine as { issue: { code: string } }).issue.code, 'engine_unproven');
  const status = await cli(['status', '--config', home.path('checkrd.yaml'), '--json']);
  assert.equal(status.code, 1, status.out);
  assert.match(status.out, /engine: the engine .* does not decide as it must/);

  // One that is vouched for, and decides alike: counters go on.
  const rebuilt = odd('sound');
  const taken = next(`loaded ${digest(rebuilt)}`);
  putEngine(home, rebuilt, engineEnvelope(rebuilt, [bob]));
  await taken;
  assert.ok(
    !said()
      .slice(told)
      .includes(`engine_unproven ${digest(last ?? altered)}`),
    'it was not judged again',
  );
  assert.deepEqual(await engine(), {
    ...{ path: home.path('engine.wasm'), sha256: digest(rebuilt), abi: (await engine()).abi },
    ...{ from: 'signed', signed_by: [bob.keyId], issue: null },
  });
  assert.equal((await home.decide('crm', 'https://few.test/')).body.result, 'allow');
  assert.equal((await home.decide('crm', 'https://few.test/')).body.code, 'rate_limited');
  // A policy that comes later is built for it, and decided by it.
  home.replace('policy.yaml', ENGINE_POLICY.replace('calls_per_hour: 2', 'calls_per_hour: 3'));
  await until('the policy', async () => home.records('daemon').filter(r => r.type === 'policy_loaded').length === 2);
  const shown = await cli(['status', '--config', home.path('checkrd.yaml')]);
  assert.match(shown.out, new RegExp(`^engine {4}${digest(rebuilt)}, signed by ${bob.keyId} \\(`, 'm'));

  // One that was signed before it, although sound; and its own key taken away.
  const older = relabelled(pinnedBytes(), 'older');
  const refused = next(`engine_untrusted ${digest(older)}`);
  putEngine(home, older, engineEnvelope(older, [bob], { issued: '2025-12-31T00:00:00Z' }));
  await refused;
  const back = next(`loaded ${inForce}`);
  putEngine(home, pinnedBytes());
  await back;
  assert.equal((await home.ask('main', '/healthz')).body.status, 'ok');
  daemon.kill('SIGTERM');
  assert.equal(await daemon.exit, 0);
});
