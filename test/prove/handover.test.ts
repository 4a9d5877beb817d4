/** Promise: whichever of the two dies, and whenever, a call that went out has its record, in the daemon's log or in the library's own. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../support/crash.js';
import { HandedHome } from '../support/handed-home.js';
import { until } from '../support/until.js';
import { upstream } from '../support/upstream.js';

const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const PROGRAMS = Number(process.env.ROUNDS ?? 6);
const DEATHS = 5;

interface Decided {
  readonly request_id: string;
  readonly path: string;
}

function decided(path: string): Decided[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines
    .map(line => JSON.parse(line) as Record<string, unknown>)
    .filter(line => line.type === 'decision')
    .map(line => ({ request_id: String(line.request_id), path: `GET ${line.url_path}` }));
}

test(`${PROGRAMS * DEATHS} deaths of the daemon and ${PROGRAMS} of the program under load, seed ${SEED}`, async t => {
  const random = seeded(SEED);
  const home = new HandedHome(t);
  const server = await upstream();
  t.after(() => server.close());
  let daemon = await home.start();
  let refused = 0;
  for (let n = 0; n < PROGRAMS; n++) {
    const env = { CHECKRD_DAEMON_ON_LOSS: n % 2 === 0 ? 'deny' : 'local' };
    const program = home.run('steady-caller', [server.origin, String(n)], env);
    const moves = async (what: string) => {
      const seen = server.seen.length;
      await until(what, () => server.seen.length > seen + 8 || program.child.exitCode !== null);
      assert.equal(program.child.exitCode, null, program.said());
    };
    await moves('the first calls');
    for (let death = 0; death < DEATHS; death++) {
      await sleep(random() * 100);
      daemon.kill('SIGKILL');
      await daemon.exit;
      if (n % 2 === 1) await moves('calls without a daemon');
      else await until('a refusal', () => program.said().split('daemon_unavailable').length > death + 1);
      daemon = await home.start();
      await moves('calls after its return');
    }
    refused += program.said().split('daemon_unavailable').length - 1;
    await sleep(random() * 100);
    program.child.kill('SIGKILL');
    await program.exit;
  }
  daemon.kill('SIGTERM');
  await daemon.exit;

  const handed = decided(home.path('audit/daemon.jsonl'));
  const folder = home.path('library/audit');
  const own = readdirSync(folder)
    .filter(name => name.endsWith('.jsonl'))
    .flatMap(name => decided(`${folder}/${name}`));
  assert.equal(await home.verified(home.path('audit/daemon.jsonl'), home.path('keys/origin.pub')), 'intact');
  assert.equal(await home.verified(home.localPath, home.path('library/keys/origin.pub')), 'intact');
  const recorded = new Set([...handed, ...own].map(({ path }) => path));
  for (const call of server.seen) assert.ok(recorded.has(call), `${call} went out without a record`);
  const twice = handed.length + own.length - new Set([...handed, ...own].map(d => d.request_id)).size;
  assert.ok(twice <= 256 * PROGRAMS * DEATHS, 'only what was under way when a daemon died');
  t.diagnostic(
    `${server.seen.length} calls, ${handed.length} handed over, ${own.length} logged locally, ${twice} in both or twice, ${refused} refused`,
  );
});

for (const how of ['cluster', 'threads']) {
  test(`${how} without a daemon: the second writer and the third get a log of their own, each whole`, async t => {
    const home = new HandedHome(t);
    const program = home.run('writers', [how], { CHECKRD_DAEMON_RECORDS: '' });
    assert.equal(await program.exit, 0, program.said());
    const logs = home.localLogs();
    assert.equal(new Set(logs.map(([first]) => first?.log)).size, 3);
    for (const log of logs) assert.equal(log.filter(line => line.type === 'decision').length, 5);
  });
}
