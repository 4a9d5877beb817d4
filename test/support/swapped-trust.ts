/** Another process swaps a policy and the trust folder while a source reloads. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { PolicyAdmission } from '#src/agent/policy-admission.js';
import { VersionStore } from '#src/agent/version-store.js';
import { endsWith } from './ends-with.js';
import { Box } from './reload/box.js';
import { ann } from './signed-site.js';
import { tempFolder } from './temp.js';
import { until } from './until.js';

/** Goes on for `wanted` loads; fails when one of them is of a policy whose signer was never trusted while it stood there. */
export async function neverInForce(t: TestContext, wanted: number, limitMs: number): Promise<void> {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'etc', 'trust'), { recursive: true });
  const box = new Box(folder);
  box.write(ann.pub, join(folder, 'etc', 'trust', 'ann.pub'));
  const versions = new VersionStore(join(folder, 'state'));
  versions.begin();
  const admission = new PolicyAdmission({
    trustDir: join(folder, 'etc', 'trust'),
    rules: { operatorsGid: null },
    versions,
    weakeningGuard: false,
    securityMode: 'strict',
    wallMs: Date.now,
    lastGood: () => null,
    report: () => undefined,
  });
  const swapper = spawn(process.execPath, ['build/test/support/trust-swapper.js', join(folder, 'etc')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  endsWith(t, swapper);
  box.open({
    admit: set => admission.admit(set),
    admittedBy: () => admission.admittedBy(),
    adopt: (_, next) => admission.goingLive(next),
  });
  t.after(() => box.source.close());
  const loads = () => box.said().filter(said => said.startsWith('loaded ')).length;
  await until(
    `${wanted} loads`,
    () => {
      box.pass(200, 10);
      return loads() >= wanted || swapper.exitCode !== null;
    },
    limitMs,
  );
  assert.equal(swapper.exitCode, null);
  assert.deepEqual(
    box.said().filter(said => said.startsWith('loaded ') && said !== 'loaded ann'),
    [],
  );
  t.diagnostic(`${loads()} loads, ${box.records.length - loads()} refusals`);
}
