// T-83, T-84 of THREAT-MODEL.md, for longer: engines that hang, swaps under load, a process killed in the middle of one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Checkrd, CheckrdPolicyDenied } from 'checkrd';
import { cli } from '../support/cli.js';
import { ENGINE_POLICY, engineRecords, engineSite, putEngine } from '../support/engine-site.js';
import { Home } from '../support/home.js';
import { digest, engineEnvelope, oddEngines, otherAbi, pinnedBytes, relabelled } from '../support/odd-engines.js';
import { Random } from '../support/oracle/random.js';
import { bob } from '../support/signed-site.js';
import { until } from '../support/until.js';

test('an engine that hangs never decides, and calls go on meanwhile', async t => {
  const odd = await oddEngines();
  const home = engineSite(t);
  await home.start();
  const hangs = odd('hangs');
  putEngine(home, hangs, engineEnvelope(hangs, [bob]));
  let answered = 0;
  const refused = `engine_unproven ${digest(hangs)}`;
  await until(
    'the refusal',
    async () => {
      assert.equal((await home.decide('crm')).body.result, 'allow');
      answered += 1;
      return engineRecords(home).includes(refused);
    },
    120_000,
  );
  t.diagnostic(`${answered} decisions while it hung`);
  for (const [error, bytes] of [
    ['engine_integrity', otherAbi()],
    ['engine_unproven', odd('flips_odd_methods')],
  ] as const) {
    putEngine(home, bytes, engineEnvelope(bytes, [bob]));
    await until(error, () => engineRecords(home).includes(`${error} ${digest(bytes)}`), 60_000);
  }
  assert.equal(engineRecords(home).filter(text => text.startsWith('loaded')).length, 1);
});

test('10,000 decisions under swaps: none failed, none lost, every limit counted through', async t => {
  const SWAPS = 8;
  const LIMIT = 4000;
  const policy = `default: deny
rules:
  - { name: reads, allow: { url: "h.example/**" } }
  - { name: few, limit: { url: "h.example/few", calls_per_day: ${LIMIT}, per: agent } }
`;
  const home = new Home({ 'policy.yaml': policy, 'checkrd.yaml': 'engine: engine.wasm\n' });
  t.after(() => home.remove());
  home.write('trust/engine/bob.pub', bob.pub);
  home.write('engine.wasm', pinnedBytes());
  const engines = [pinnedBytes(), relabelled(pinnedBytes(), 'other')];
  const checkrd = new Checkrd({ agentId: 'load', configDir: home.dir });
  const guarded = checkrd.wrap(async () => new Response('ok'));
  const unexpected: unknown[] = [];
  const [calls, seen] = [{ made: 0, few: 0 }, new Set<string>()];
  let swaps = 0;
  while (calls.made < 10_000 || swaps < SWAPS) {
    const next = engines[(swaps + 1) % 2] as Buffer;
    const now = checkrd.healthy().engine;
    assert.equal(now?.issue, null);
    if (now?.sha256 !== digest(next) && !seen.has(`${swaps}`)) {
      seen.add(`${swaps}`);
      putEngine(home, next, engineEnvelope(next, [bob]));
    } else if (now?.sha256 === digest(next)) swaps += 1;
    for (let i = 0; i < 20; i++) {
      calls.made += 1;
      const few = calls.made % 2 === 0;
      if (few) calls.few += 1;
      guarded(`https://h.example/${few ? 'few' : 'any'}`).then(
        response => response.text(),
        (error: unknown) => {
          if (!(few && error instanceof CheckrdPolicyDenied && error.code === 'rate_limited')) unexpected.push(error);
        },
      );
    }
    await sleep(5);
  }
  await checkrd.close();
  t.diagnostic(`${calls.made} decisions, ${swaps} swaps`);
  assert.deepEqual(unexpected, []);
  const decisions = home.records('load').filter(({ type }) => type === 'decision');
  assert.equal(decisions.length, calls.made);
  // Callers of a flood hear of it later; the record is there at once.
  const limited = decisions.filter(({ code }) => code === 'rate_limited').length;
  assert.equal(calls.few - limited, Math.min(LIMIT, calls.few));
  const loaded = engineRecords(home, 'load').map(text =>
    engines.findIndex(bytes => text === `loaded ${digest(bytes)}`),
  );
  assert.deepEqual(
    loaded,
    Array.from({ length: swaps + 1 }, (_, i) => i % 2),
  );
});

test('killed in the middle of a swap, it starts with the engine that stands there', async t => {
  const seed = Number(process.env.SEED ?? 1);
  const random = new Random(seed);
  const rounds = 12;
  const home = engineSite(t);
  const engines = [pinnedBytes(), relabelled(pinnedBytes(), 'other')];
  for (let round = 1; round <= rounds; round++) {
    const next = engines[round % 2] as Buffer;
    const daemon = await home.start();
    putEngine(home, next, engineEnvelope(next, [bob]));
    await sleep(random.below(2500));
    daemon.kill('SIGKILL');
    await daemon.exit;
    const again = await home.start();
    const { body } = await home.ask('main', '/healthz');
    assert.equal((body.engine as { sha256: string }).sha256, digest(next), `SEED=${seed}, round ${round}`);
    assert.equal((await home.decide('crm')).body.result, 'allow');
    again.kill('SIGTERM');
    await again.exit;
  }
  const verified = await cli(['verify', '--key', home.path('keys', 'origin.pub'), home.path('audit', 'daemon.jsonl')]);
  assert.equal(verified.code, 0, verified.out + verified.err);
  t.diagnostic(`seed ${seed}, ${rounds} rounds`);
});

test('a library swaps the engine that its settings name, and keeps the one that came with it', async t => {
  const bytes = relabelled(pinnedBytes(), 'library');
  const home = new Home({ 'policy.yaml': ENGINE_POLICY, 'checkrd.yaml': 'engine: engine.wasm\n' });
  t.after(() => home.remove());
  home.write('trust/engine/bob.pub', bob.pub);
  home.write('engine.wasm', pinnedBytes());
  const own = new Checkrd({ agentId: 'own', configDir: home.dir });
  putEngine(home, bytes, engineEnvelope(bytes, [bob]));
  await until('the swap', () => own.healthy().engine?.sha256 === digest(bytes), 60_000);
  assert.deepEqual(
    [own.healthy().engine?.from, own.healthy().policySha256],
    ['signed', digest(Buffer.from(ENGINE_POLICY))],
  );
  await own.close();
  // A policy that came as an object came with its engine.
  const given = new Checkrd({ agentId: 'given', configDir: home.dir, policy: { default: 'allow', rules: [] } });
  putEngine(home, pinnedBytes());
  await given.close();
  assert.equal(given.healthy().engine?.sha256, digest(bytes));
});

test('a start takes what is vouched for and proven, else nothing', async t => {
  const odd = await oddEngines();
  const home = engineSite(t);
  const rebuilt = odd('sound');
  // At start: what is vouched for and proven, else nothing.
  putEngine(home, rebuilt, engineEnvelope(rebuilt, [bob]));
  const second = await home.start();
  assert.equal(engineRecords(home).at(-1), `loaded ${digest(rebuilt)}`);
  second.kill('SIGTERM');
  await second.exit;
  putEngine(home, odd('flips'), engineEnvelope(odd('flips'), [bob]));
  const third = home.spawn();
  assert.notEqual(await third.exit, 0);
  assert.match(third.said(), /cannot be trusted: case \d+ of its corpus/);
});
