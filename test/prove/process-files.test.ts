// T-114: ten thousand files in the folder of the processes, among them one that lives.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Checkrd } from 'checkrd';
import { PROCESSES_MAX } from '#src/agent/process-folder.js';
import { ownIdentity } from '#src/disk/thread-identity.js';
import { cli } from '../support/cli.js';
import { Home } from '../support/home.js';
import { processReport } from '../support/process-report.js';

test('ten thousand processes that were killed neither hold up a start nor hide from status, and starts clear them away', async t => {
  const home = new Home({ 'policy.yaml': 'default: deny\nrules: []\n', 'checkrd.yaml': 'require_separation: false\n' });
  t.after(() => home.remove());
  const identity = { ...ownIdentity(), startTicks: 1 };
  home.write('state/processes/0000000000000000.json', '');
  const count = 10_000;
  for (let n = 0; n < count; n++) {
    const instanceId = n.toString(16).padStart(16, '0');
    writeFileSync(home.path('state/processes', `${instanceId}.json`), processReport({ instanceId, identity }));
  }
  const { out } = await cli(['status', '--json'], { env: { CHECKRD_CONFIG_DIR: home.dir } });
  const { processes } = JSON.parse(out) as { processes: { stale: number; unread: number } };
  assert.deepEqual([processes.stale, processes.unread], [PROCESSES_MAX, count - PROCESSES_MAX]);
  let starts = 0;
  while (readdirSync(home.path('state/processes')).length > 0) {
    await new Checkrd({ agentId: 'a', configDir: home.dir }).close();
    assert.ok(++starts <= count / 200, 'each start takes some away');
  }
  t.diagnostic(`${count} files, ${starts} starts`);
});
