/** `checkrd kill`, `resume` and what `status` says of them, over real files and a real agent. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Checkrd } from 'checkrd';
import { readKillFile } from '#src/core/config/kill-file.js';
import { cli } from '../support/cli.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';

function fresh(t: TestContext, settings = '') {
  const home = new Home({ 'policy.yaml': 'default: allow\nrules: []\n', 'checkrd.yaml': settings });
  t.after(() => home.remove());
  const run = (...args: string[]) => cli(args, { env: { CHECKRD_CONFIG_DIR: home.dir }, cwd: home.dir });
  const contents = () => readKillFile(readFileSync(home.path('killswitch')));
  return { home, run, contents };
}

test('patterns go into the switch of all, beside those that stand, and are taken out one by one', async t => {
  const { home, run, contents } = fresh(t);
  const one = await run('kill', '--agent', 'crm-*', '--reason', 'odd calls');
  assert.equal(one.code, 0, one.err);
  assert.deepEqual(contents()?.agents, ['crm-*']);
  assert.match(contents()?.reason ?? '', /^odd calls \(by .+\)$/);
  assert.match((await run('kill', '--agent', 'billing,x*')).out, /stopped \(the switch stopped less before\)/);
  assert.deepEqual(contents()?.agents, ['crm-*', 'billing', 'x*']);
  assert.equal((await run('resume', '--agent', 'other*')).code, 1);
  assert.equal((await run('resume', '--agent', 'crm-*,other*')).code, 1, 'all of them, or none');
  assert.equal((await run('resume', '--agent', 'crm-*,billing')).code, 0);
  assert.deepEqual(contents()?.agents, ['x*']);
  assert.equal((await run('resume', '--agent', 'x*')).code, 0);
  assert.ok(!existsSync(home.path('killswitch')));
  // Everybody is more than any pattern; taking one out must not let the others go.
  assert.equal((await run('kill')).code, 0);
  assert.match((await run('kill', '--agent', 'a*')).out, /it was before/);
  assert.equal((await run('resume', '--agent', 'a*')).code, 1);
  assert.equal(contents()?.agents, null);
});

test('--until takes a time, or a while from now; a longer kill is never cut short', async t => {
  const { run, contents } = fresh(t);
  const before = Date.now();
  assert.match((await run('kill', '--until', '+2h')).out, /is stopped until 2/);
  const until = contents()?.untilMs ?? 0;
  assert.ok(until >= before + 7_200_000 && until <= Date.now() + 7_200_000);
  assert.equal((await run('kill', '--until', '+30m')).code, 0);
  assert.equal(contents()?.untilMs, until);
  assert.equal((await run('kill', '--until', '2999-01-01T00:00:00Z')).code, 0);
  assert.equal(contents()?.untilMs, Date.UTC(2999, 0, 1));
  assert.equal((await run('kill')).code, 0);
  assert.equal(contents()?.untilMs, null);
  for (const bad of ['tomorrow', '2020-01-01T00:00:00Z', '+0m', '30m', '']) {
    assert.equal((await run('kill', `--until=${bad}`)).code, 64, bad);
  }
});

test('a latched kill: status and resume name it, resume --sign ends it, with as many keys as must sign', async t => {
  const { home, run } = fresh(t, 'resume_requires: signed\n');
  for (const name of ['a', 'b']) {
    assert.equal((await run('keygen', name)).code, 0);
    home.write(`trust/${name}.pub`, readFileSync(home.path(`${name}.pub`)));
  }
  home.write('trust/threshold', '2\n');
  const checkrd = new Checkrd({ agentId: 'crm', configDir: home.dir });
  assert.match((await run('resume', '--sign', 'a')).err, /nothing to sign/);
  assert.equal((await run('kill', '--reason', 'breach')).code, 0);
  await until('latched', () => checkrd.healthy().holds[0]?.latch !== undefined);
  const { id, log } = checkrd.healthy().holds[0]?.latch ?? assert.fail();

  const status = await run('status');
  assert.equal(status.code, 1);
  assert.ok(status.out.includes(`latched: all`) && status.out.includes(`a release of ${id} for ${log}`), status.out);
  const said = await run('resume');
  assert.equal(said.code, 1, 'a signed release has to follow');
  assert.ok(said.err.includes(`checkrd resume --release ${id} --log ${log} --sign KEYFILE`), said.err);
  assert.ok(!existsSync(home.path('killswitch')));
  const json = await run('resume', '--json');
  assert.deepEqual(JSON.parse(json.out), {
    ok: false,
    released: false,
    source: home.path('killswitch'),
    still_engaged: null,
    latched: [{ id, log, source: home.path('killswitch'), scope: 'all' }],
    signed: null,
  });

  // On a machine of its own, then here.
  const away = await run('resume', '--release', id, '--log', log, '--sign', 'a', '--out', 'away/release.dsse');
  assert.equal(away.code, 0, away.err);
  home.write('approvals/release.dsse', readFileSync(home.path('away', 'release.dsse')));
  await until('one is too few', () => checkrd.healthy().warnings.some(text => text.includes('1 of the 2')));
  const both = await run('resume', '--sign', 'b', '--json');
  assert.equal(both.code, 0, both.err);
  assert.equal((JSON.parse(both.out) as { signed: { keyIds: string[] } }).signed.keyIds.length, 2);
  await until('released', () => checkrd.healthy().holds.length === 0);
  assert.equal((await run('status')).code, 0);
  assert.equal((await run('resume')).code, 1, 'it was not engaged');
  await checkrd.close();
});

test('resume: what goes together, and what cannot be read or written', async t => {
  const { home, run } = fresh(t, 'resume_requires: signed\n');
  await run('keygen', 'key');
  const id = '0'.repeat(32);
  const log = 'host/crm/0123456789abcdef';
  const misuses = [
    ['resume', '--release', id, '--sign', 'key'],
    ['resume', '--log', log, '--sign', 'key'],
    ['resume', '--release', id, '--log', log],
    ['resume', '--release', id.slice(1), '--log', log, '--sign', 'key'],
    ['resume', '--release', id, '--log', 'a b', '--sign', 'key'],
    ['resume', '--release', id, '--log', log, '--sign', 'key', '--agent', 'x'],
    ['resume', '--out', 'x'],
  ];
  for (const args of misuses) assert.equal((await run(...args)).code, 64, args.join(' '));
  home.write('file', '');
  const args = ['resume', '--release', id, '--log', log, '--sign', 'key', '--out'];
  assert.match((await run(...args, 'file/x')).err, /could not be written/);
  assert.equal((await run('resume', '--release', id, '--log', log, '--sign', 'nokey')).code, 2);
  home.write('state/kill.json', '{');
  const damaged = await run('resume');
  assert.equal(damaged.code, 2);
  assert.match(damaged.err, /cannot be read \(damaged\)/);
  assert.match((await run('status')).out, /cannot be read \(damaged\)/);
  // Two at once: each has its own release.
  const entry = { log, source: '/k', agents: null, reason: null, owner_uid: null, file_time_ms: null };
  const held = [
    { id, ...entry },
    { id: '1'.repeat(32), ...entry, agents: ['a*'] },
  ];
  home.write('state/kill.json', JSON.stringify({ v: 1, held, released: [] }));
  const two = await run('resume', '--sign', 'key');
  assert.equal(two.code, 64);
  assert.match(two.err, /--release 0+ .*\n.*--release 1+ /);
  rmSync(home.path('state'), { recursive: true });
  writeFileSync(join(home.dir, 'checkrd.yaml'), 'resume_requires: maybe\n');
  assert.notEqual((await run('resume')).code, 0);
});

test('where the latch is not for this user’s eyes, the daemon says what is latched', async t => {
  const { home, run } = fresh(t);
  const kill = {
    source: '/k',
    scope: 'all',
    reason: null,
    release_id: '2'.repeat(32),
    release_log: 'h/daemon/0123456789abcdef',
  };
  const body = JSON.stringify({ status: 'ok', kill: [kill, { source: '/k', scope: 'x', reason: null }] });
  const server = createServer((_, response) => response.end(body)).listen(home.path('checkrd.sock'));
  t.after(() => server.close());
  // As good as unreadable, also to root.
  home.write('state/kill.json', '{"v":1,"held":[],"released":[]}');
  chmodSync(home.path('state', 'kill.json'), 0o666);
  const said = await run('resume');
  assert.equal(said.code, 1);
  assert.match(said.err, /--release 2+ --log h\/daemon\/0123456789abcdef /);
});
