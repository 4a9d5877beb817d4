/** An upgrade replaces the files under a running process: no thread of the new version works for the old one. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { COMPILE_INLINE_MAX_BYTES } from '#src/core/limits.js';
import { DistCopy } from '../support/dist-copy.js';
import { Home } from '../support/home.js';
import { digest, pinnedBytes } from '../support/odd-engines.js';
import { until } from '../support/until.js';

const CODE = 'version_on_disk_differs';
const large = (name: string) =>
  `default: deny\nrules:\n  - { name: ${name}, allow: { method: GET } }\n${'# filler\n'.repeat(COMPILE_INLINE_MAX_BYTES / 9)}`;

test('files of another version: what is in force stays, every thread refuses, and says to restart', async t => {
  const copy = new DistCopy(t);
  const part = <T>(...path: string[]): Promise<T> => import(pathToFileURL(copy.path(...path)).href) as Promise<T>;
  const { Checkrd } = await copy.load();
  const { proveEngine, proveEngineNow } =
    await part<typeof import('#src/agent/engine/prove.js')>('agent/engine/prove.js');
  const { firstWeakeningAside } = await part<typeof import('#src/agent/weakening.js')>('agent/weakening.js');
  const { DigestPool } = await part<typeof import('#src/cli/digest-pool.js')>('cli/digest-pool.js');
  const home = new Home({ 'policy.yaml': large('first') });
  const checkrd = new Checkrd({ agentId: 'old', configDir: home.dir });
  t.after(async () => {
    await checkrd.close();
    home.remove();
  });
  const { policySha256 } = checkrd.healthy();
  assert.ok(policySha256 !== null);

  const about = join(copy.dir, 'package.json');
  const old = readFileSync(about, 'utf8');
  const runs = (JSON.parse(old) as { version: string }).version;
  writeFileSync(about, JSON.stringify({ ...JSON.parse(old), version: '99.0.0' }));
  const says = new RegExp(`they are of version 99\\.0\\.0, and what runs is ${runs.replaceAll('.', '\\.')}`);
  const wanted = { code: CODE, message: says, hint: /restart the service/ };

  home.replace('policy.yaml', large('second'));
  await until('a refused policy', () => checkrd.healthy().policy.state === 'degraded');
  const { policy, policySha256: stays } = checkrd.healthy();
  assert.equal(policy.issue?.code, CODE);
  assert.match(policy.issue?.message ?? '', says);
  assert.match(policy.issue?.message ?? '', /restart the service/);
  assert.equal(stays, policySha256);
  assert.equal(home.records('old').findLast(({ type }) => type === 'policy_rejected')?.error, CODE);

  const bytes = pinnedBytes();
  const trial = { path: 'engine.wasm', sha256: digest(bytes), bytes, running: null, documents: [], inspectBytes: 1024 };
  await assert.rejects(proveEngine(trial), wanted);
  assert.throws(() => proveEngineNow(trial), wanted);

  const text = new TextEncoder().encode(large('third'));
  const aside = firstWeakeningAside([{ path: 'p.yaml', role: 'main', old: text, next: text }]);
  await assert.rejects(async () => aside, wanted);

  const pool = new DigestPool(1);
  await assert.rejects(async () => pool.digest(new TextEncoder().encode('{}\n')), wanted);
  await assert.rejects(async () => pool.digest(new TextEncoder().encode('{}\n')), wanted, 'and who asks later');
  await pool.close();

  // What it was is there again, as after a downgrade.
  writeFileSync(about, old);
  home.replace('policy.yaml', large('fourth'));
  await until('the new policy', () => checkrd.healthy().policy.state === 'ok');
});
