// T-69 of THREAT-MODEL.md.
/** `resume_requires: signed`: what is engaged stays so, through restarts too, until trusted keys sign its end. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Checkrd, type CheckrdOptions } from 'checkrd';
import { failureOf } from '../support/agent-under-test.js';
import { Home } from '../support/home.js';
import { OPERATOR, putRelease, type ReleaseOf, releaseText, SECOND, STRANGER } from '../support/release.js';
import { runsScript } from '../support/shell.js';
import { until } from '../support/until.js';

const ID = 'latched';
const URL = 'http://127.0.0.1:9/';

interface Bench {
  readonly home: Home;
  start(options?: CheckrdOptions): Checkrd;
  records(type: string): Record<string, unknown>[];
}

function bench(t: TestContext, files: Readonly<Record<string, string>> = {}): Bench {
  const home = new Home({
    'policy.yaml': 'default: allow\nrules: []\n',
    'checkrd.yaml': 'resume_requires: signed\n',
    'trust/operator.pub': OPERATOR.line,
    ...files,
  });
  const open: Checkrd[] = [];
  t.after(async () => {
    for (const one of open) await one.close();
    home.remove();
  });
  return {
    home,
    start(options = {}) {
      const checkrd = new Checkrd({ agentId: ID, configDir: home.dir, ...options });
      open.push(checkrd);
      return checkrd;
    },
    records: type => home.records(ID).filter(record => record.type === type),
  };
}

/** A transport that is never reached while stopped. */
async function says(checkrd: Checkrd): Promise<string> {
  const fetch = checkrd.wrap(async () => new Response('passed'));
  return fetch(URL).then(
    response => response.text(),
    error => (error as { code: string }).code,
  );
}

function latchOf(checkrd: Checkrd): ReleaseOf & { readonly source: string } {
  const held = checkrd.healthy().holds.find(hold => hold.latch !== undefined);
  assert.ok(held?.latch);
  return { ...held.latch, source: held.source };
}

const switchOf = (home: Home): string => home.path('killswitch');
const engage = (home: Home, text = ''): void => writeFileSync(switchOf(home), text);
const remove = (home: Home): void => rmSync(switchOf(home), { force: true });
interface Kept {
  readonly held: readonly (ReleaseOf & { readonly source: string; readonly agents: readonly string[] | null })[];
}
/** What is there now; nothing while the file is gone or spoiled. */
function kept(home: Home): Kept {
  try {
    return JSON.parse(readFileSync(home.path('state', 'kill.json'), 'utf8')) as Kept;
  } catch {
    return { held: [] };
  }
}

test('neither the removal of the switch nor a restart ends it; a signed release does, once', async t => {
  const { home, start, records } = bench(t);
  const first = start();
  assert.equal(await says(first), 'passed');
  engage(home, 'reason: breach\n');
  assert.equal(await says(first), 'kill_switch');
  const latch = latchOf(first);
  const [file] = kept(home).held;
  assert.deepEqual([file?.id, file?.log, file?.source], [latch.id, first.healthy().audit.origin, switchOf(home)]);
  assert.match(latch.id, /^[0-9a-f]{32}$/);
  assert.equal(statSync(home.path('state', 'kill.json')).mode & 0o777, 0o600);
  remove(home);
  assert.equal(await says(first), 'kill_switch');
  await first.close();

  const again = start();
  assert.equal(await says(again), 'kill_switch');
  assert.match((await failureOf(again.wrap()(URL))).message, /breach/);
  assert.deepEqual(latchOf(again).id, latch.id);
  putRelease(home, releaseText(latch));
  await until('released', () => again.healthy().holds.length === 0);
  assert.equal(await says(again), 'passed');
  assert.equal(again.healthy().state, 'ok');
  const [action] = records('operator_action');
  assert.deepEqual(
    [action?.action, action?.reason, action?.by_uid],
    ['signed_release', `${latch.id} by ${OPERATOR.id}`, process.getuid?.()],
  );
  assert.deepEqual(
    home
      .records(ID)
      .filter(r => String(r.type).startsWith('kill_') || r.type === 'agent_started')
      .map(r => r.type),
    ['agent_started', 'kill_engaged', 'agent_started', 'kill_engaged', 'kill_released'],
  );

  // The same release does nothing for the next engagement.
  engage(home);
  assert.equal(await says(again), 'kill_switch');
  assert.notEqual(latchOf(again).id, latch.id);
  remove(home);
  await until('refused', () => again.healthy().warnings.some(text => text.includes('an engagement that has ended')));
  assert.equal(await says(again), 'kill_switch');
  assert.equal(again.healthy().state, 'degraded');
  assert.deepEqual(
    records('operator_action').map(r => [r.action, r.reason]),
    [
      ['signed_release', `${latch.id} by ${OPERATOR.id}`],
      ['release_refused', 'release_spent'],
    ],
  );
});

test('what does not end it, each for its reason, recorded once', async t => {
  const { home, start, records } = bench(t, { 'trust/second.pub': SECOND.line, 'trust/threshold': '2\n' });
  const checkrd = start();
  engage(home);
  assert.equal(await says(checkrd), 'kill_switch');
  remove(home);
  const latch = latchOf(checkrd);
  const both = [OPERATOR, SECOND];
  const good = releaseText(latch, both);
  const other = `${latch.id.startsWith('0') ? '1' : '0'}${latch.id.slice(1)}`;
  const cases: readonly (readonly [why: string, text: string])[] = [
    ['threshold_not_met', releaseText(latch, [OPERATOR])],
    ['threshold_not_met', releaseText(latch, [OPERATOR, OPERATOR])],
    ['threshold_not_met', releaseText(latch, [OPERATOR, STRANGER])],
    ['threshold_not_met', releaseText(latch, [STRANGER])],
    ['bad_signature', releaseText(latch, [{ ...STRANGER, id: OPERATOR.id }, SECOND])],
    ['release_unknown', releaseText({ ...latch, id: other }, both)],
    ['release_other_log', releaseText({ ...latch, log: `${latch.log.slice(0, -16)}0123456789abcdef` }, both)],
    ['wrong_type', releaseText(latch, both, 'application/vnd.checkrd.policy+json')],
    ['malformed', releaseText(latch, both, undefined, { agents: ['*'] })],
    ['malformed', releaseText({ ...latch, id: latch.id.toUpperCase() }, both)],
    ['malformed', good.slice(0, -3)],
    ['malformed', ''],
    ['malformed', 'x'.repeat(70_000).slice(0, 60_000)],
    ['release_unreadable', 'x'.repeat(70_000)],
  ];
  for (const [why, text] of cases) {
    const before = records('operator_action').length;
    putRelease(home, text);
    await until(why, () => records('operator_action').length > before);
    assert.deepEqual(
      records('operator_action')
        .slice(before)
        .map(r => [r.action, r.reason]),
      [['release_refused', why]],
    );
    assert.equal(await says(checkrd), 'kill_switch', why);
    assert.ok(checkrd.healthy().warnings.some(text => text.includes('release.dsse')));
    // Gone again, so that the same reason counts anew.
    rmSync(home.path('approvals', 'release.dsse'));
    await until('gone', () => checkrd.healthy().warnings.length === 0);
  }
  // Keys that nobody can be sure of are no keys.
  home.write('trust/threshold', 'two\n');
  putRelease(home, good);
  await until('trust', () => records('operator_action').at(-1)?.reason === 'trust_unusable');
  home.write('trust/threshold', '2\n');
  await until('released', () => checkrd.healthy().holds.length === 0);
  assert.equal(await says(checkrd), 'passed');
});

test('a signer who is taken out of the trust folder cannot release', async t => {
  const { home, start, records } = bench(t);
  const checkrd = start();
  engage(home);
  assert.equal(await says(checkrd), 'kill_switch');
  remove(home);
  rmSync(home.path('trust', 'operator.pub'));
  putRelease(home, releaseText(latchOf(checkrd)));
  await until('refused', () => records('operator_action').at(-1)?.reason === 'no_signers');
  await checkrd.close();
  const again = start();
  assert.ok(again.healthy().warnings.some(text => text.includes('no release of a kill could be signed')));
  assert.equal(await says(again), 'kill_switch');
});

test('a release counts once the switch is gone; which comes first does not matter', async t => {
  const { home, start } = bench(t);
  const checkrd = start();
  engage(home);
  assert.equal(await says(checkrd), 'kill_switch');
  putRelease(home, releaseText(latchOf(checkrd)));
  await until('waits', () => checkrd.healthy().warnings.some(text => text.includes('waits until the switch')));
  assert.equal(await says(checkrd), 'kill_switch');
  remove(home);
  await until('released', () => checkrd.healthy().holds.length === 0);
  assert.equal(await says(checkrd), 'passed');
});

test('each engagement is latched by itself: another agent, other agents, `until`', async t => {
  const { home, start, records } = bench(t);
  const checkrd = start();
  engage(home, 'agents: [latched]\nuntil: "2999-01-01T00:00:00Z"\n');
  assert.equal(await says(checkrd), 'kill_switch');
  writeFileSync(home.path('killswitch.d', ID), '');
  writeFileSync(home.path('killswitch.d', 'other'), '');
  await until('three', () => kept(home).held.length === 3);
  // Widened, then narrowed, then over: the widest stays.
  engage(home);
  await until('wider', () => kept(home).held.length === 4);
  engage(home, 'agents: [nobody]\nuntil: "2020-01-01T00:00:00Z"\n');
  rmSync(home.path('killswitch.d', ID));
  rmSync(home.path('killswitch.d', 'other'));
  assert.equal(await says(checkrd), 'kill_switch');
  remove(home);
  // The one that stops everybody last.
  const entries = [...kept(home).held].sort((a, b) => Number(a.agents === null) - Number(b.agents === null));
  for (const [i, entry] of entries.entries()) {
    assert.equal(await says(checkrd), 'kill_switch');
    putRelease(home, releaseText(entry));
    await until('one less', () => checkrd.healthy().holds.length === entries.length - 1 - i);
  }
  assert.equal(await says(checkrd), 'passed');
  assert.equal(records('kill_released').length, 4);
});

test('a latch that is damaged, exposed or unreadable counts as engaged; permissive says so', async t => {
  const { home, start } = bench(t);
  const latch = home.path('state', 'kill.json');
  const forms: readonly (readonly [name: string, put: () => void, mend: boolean])[] = [
    ['empty', () => home.write('state/kill.json', ''), false],
    ['cut', () => home.write('state/kill.json', '{"v":1,"held":[],"relea'), false],
    ['another version', () => home.write('state/kill.json', '{"v":2,"held":[],"released":[]}'), false],
    ['a member too many', () => home.write('state/kill.json', '{"v":1,"held":[],"released":[],"x":1}'), false],
    ['an entry for nobody', () => home.write('state/kill.json', DAMAGED_ENTRY), false],
    ['a folder', () => mkdirSync(latch), true],
    ['a link', () => symlinkSync('/nowhere', latch), true],
    ['writable by others', () => exposed(latch), true],
  ];
  for (const [name, put, mend] of forms) {
    rmSync(latch, { recursive: true, force: true });
    home.write('state/x', '');
    put();
    if (name === 'cut' || name === 'a link') {
      const permissive = start({ securityMode: 'permissive', agentId: 'p' });
      assert.equal(await says(permissive), 'passed', name);
      assert.equal(permissive.healthy().state, mend ? 'degraded' : 'ok', name);
      await permissive.close();
    }
    if (!mend) put();
    const strict = start();
    assert.equal(await says(strict), 'kill_switch', name);
    if (mend) {
      rmSync(latch, { recursive: true, force: true });
      await until(`mended: ${name}`, () => strict.healthy().holds.length === 0);
    } else {
      assert.ok(readFileSync(`${latch}.damaged`));
      putRelease(home, releaseText(latchOf(strict)));
      await until(`released: ${name}`, () => strict.healthy().holds.length === 0);
    }
    assert.equal(await says(strict), 'passed', name);
    await strict.close();
  }
});
function exposed(path: string): void {
  writeFileSync(path, EMPTY);
  chmodSync(path, 0o666);
}
const EMPTY = '{"v":1,"held":[],"released":[]}';
const DAMAGED_ENTRY = `{"v":1,"held":[{"id":"${'0'.repeat(32)}","log":"a/b/c","source":"/x","agents":[],"reason":null,"owner_uid":null,"file_time_ms":null}],"released":[]}`;

test('a latch that is deleted or spoiled while it is in memory is written again', async t => {
  const { home, start } = bench(t);
  const checkrd = start();
  engage(home);
  assert.equal(await says(checkrd), 'kill_switch');
  remove(home);
  const latch = latchOf(checkrd);
  rmSync(home.path('state', 'kill.json'));
  await until('written again', () => kept(home).held.some(entry => entry.id === latch.id));
  home.write('state/kill.json', '{');
  await until('again', () => kept(home).held.some(entry => entry.id === latch.id));
  await checkrd.close();
  assert.equal(await says(start()), 'kill_switch');
});

test('it is on disk before its record, also of a process that is killed right after', t => {
  const { home, records } = bench(t);
  const library = JSON.stringify(`${process.cwd()}/dist/index.js`);
  runsScript(`
    const { Checkrd } = await import(${library});
    const { writeFileSync } = await import('node:fs');
    const checkrd = new Checkrd({ agentId: '${ID}', configDir: ${JSON.stringify(home.dir)} });
    writeFileSync(${JSON.stringify(switchOf(home))}, '');
    await checkrd.wrap()('${URL}').catch(() => process.exit());`);
  remove(home);
  assert.equal(records('kill_engaged').length, 1);
  assert.equal(kept(home).held.length, 1);
});

test('two agents of one folder share the latch: one ID, one release frees both', async t => {
  const { home, start } = bench(t);
  const one = start();
  const two = start({ agentId: 'two' });
  engage(home);
  assert.deepEqual(await Promise.all([says(one), says(two)]), ['kill_switch', 'kill_switch']);
  remove(home);
  await until('one ID', () => latchOf(one).id === latchOf(two).id);
  putRelease(home, releaseText(latchOf(one)));
  await until('both', () => one.healthy().holds.length === 0 && two.healthy().holds.length === 0);
  assert.deepEqual(await Promise.all([says(one), says(two)]), ['passed', 'passed']);
  assert.deepEqual(kept(home).held, []);
});

test('what is latched stays latched when the settings change; the file locks them', async t => {
  const { home, start } = bench(t);
  const first = start();
  engage(home);
  assert.equal(await says(first), 'kill_switch');
  remove(home);
  await first.close();
  process.env.CHECKRD_RESUME_REQUIRES = 'file';
  t.after(() => delete process.env.CHECKRD_RESUME_REQUIRES);
  assert.throws(() => start(), /cannot be changed here/);
  home.write('checkrd.yaml', 'resume_requires: file\n');
  const second = start();
  assert.equal(await says(second), 'kill_switch');
  putRelease(home, releaseText(latchOf(second)));
  await until('released', () => second.healthy().holds.length === 0);
  // From now on the file is all there is.
  engage(home);
  assert.equal(await says(second), 'kill_switch');
  remove(home);
  assert.equal(await says(second), 'passed');
});
