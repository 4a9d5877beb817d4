// T-13, T-44 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { killRecord } from '#src/agent/kill-records.js';
import { type ScopedHold, stops } from '#src/agent/kill-source.js';
import { type KillSwitchOptions, type OpenKillSwitch, openKillSwitch } from '#src/agent/kill-switch.js';
import { type AgentId, agentId } from '#src/core/brand.js';
import { SYSTEM_TIMERS, type Timers } from '#src/disk/timers.js';
import { otherProcess, runs, runsScript } from '../../support/shell.js';
import { tempFolder } from '../../support/temp.js';
import { until } from '../../support/wait.js';

const id = (text: string): AgentId => agentId(text) ?? assert.fail(text);
const CRM = id('crm-1');
const BILLING = id('billing');
const NOBODY = 65534;

interface Told {
  readonly what: 'engaged' | 'released';
  readonly source: string;
  readonly scope: string;
}

interface Bench {
  readonly path: string;
  readonly told: Told[];
  readonly killSwitch: OpenKillSwitch;
}

/** No polls, and events come only while the test awaits: what a look finds it has found itself. */
const QUIET: Timers = { ...SYSTEM_TIMERS, every: () => () => {} };

function bench(
  t: TestContext,
  options: Partial<KillSwitchOptions> = {},
  at = join(tempFolder(t), 'killswitch'),
): Bench {
  const told: Told[] = [];
  const tell = (what: Told['what']) => (hold: ScopedHold) => {
    told.push({ what, source: hold.source, scope: hold.scope });
  };
  const observer = { engaged: tell('engaged'), released: tell('released') };
  const killSwitch = openKillSwitch({ path: at, observer, ...options });
  t.after(() => killSwitch.close());
  return { path: at, told, killSwitch };
}

test('without a switch nothing is ever stopped', async t => {
  const { killSwitch } = bench(t, { path: null });
  assert.equal(killSwitch.look(CRM), null);
  await killSwitch.close();
});

test('construction makes both folders, and none engages', t => {
  const { path, killSwitch, told } = bench(t, {}, join(tempFolder(t), 'a', 'b', 'killswitch'));
  assert.ok(existsSync(`${path}.d`));
  assert.equal(killSwitch.look(CRM), null);
  assert.deepEqual(told, []);
});

test('construction fails where the folder cannot be made', t => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'file'), '');
  const open = (path: string) => () => bench(t, {}, path);
  assert.throws(open(join(folder, 'file', 'killswitch')), { code: 'killswitch_dir_missing' });
  writeFileSync(join(folder, 'killswitch.d'), '');
  assert.throws(open(join(folder, 'killswitch')), { code: 'killswitch_dir_missing' });
});

type Form = { readonly name: string; readonly make: (path: string) => void };
const forms: readonly Form[] = [
  { name: 'an empty file', make: path => writeFileSync(path, '') },
  { name: 'a directory', make: path => mkdirSync(path) },
  { name: 'a dangling link', make: path => symlinkSync('nowhere', path) },
  { name: 'a link to a file that would narrow it', make: path => linkTo(path, 'agents: [other]\n') },
  { name: 'a FIFO, without hanging', make: path => void runs('mkfifo', path) },
  { name: 'a link to itself', make: path => symlinkSync(path, path) },
  { name: 'binary', make: path => writeFileSync(path, Uint8Array.of(0, 255, 1)) },
  { name: '20 KiB that would narrow it', make: path => writeFileSync(path, `agents: [x]\n#${'x'.repeat(20_000)}\n`) },
];
function linkTo(path: string, text: string): void {
  writeFileSync(`${path}.target`, text);
  symlinkSync(`${path}.target`, path);
}
for (const { name, make } of forms) {
  test(`${name} stops everyone at the next look, before any event`, t => {
    const { path, killSwitch, told } = bench(t, { timers: QUIET });
    make(path);
    const hold = killSwitch.look(CRM);
    assert.equal(hold?.source, path);
    assert.equal(hold.scope, 'all');
    assert.ok(killSwitch.look(BILLING));
    assert.deepEqual(told, [{ what: 'engaged', source: path, scope: 'all' }], 'told once, by the look itself');
    rmSync(path, { recursive: true, force: true, maxRetries: 10 });
    assert.equal(killSwitch.look(CRM), null);
    assert.deepEqual(told.slice(1), [{ what: 'released', source: path, scope: 'all' }]);
  });
}

for (const { name, make } of forms) {
  test(`X.d/agent as ${name} stops that agent alone`, t => {
    const { path, killSwitch, told } = bench(t, { timers: QUIET });
    make(`${path}.d/${CRM}`);
    assert.equal(killSwitch.look(BILLING), null);
    assert.equal(killSwitch.look(CRM)?.scope, CRM);
    assert.deepEqual(told, [{ what: 'engaged', source: `${path}.d/${CRM}`, scope: CRM }]);
  });
}

test('what stands already at construction is told', t => {
  const path = join(tempFolder(t), 'killswitch');
  writeFileSync(path, 'reason: bad deploy\n');
  const { told, killSwitch } = bench(t, {}, path);
  assert.deepEqual(told, [{ what: 'engaged', source: path, scope: 'all' }]);
  const hold = killSwitch.look(CRM);
  assert.equal(hold?.reason, 'bad deploy');
  assert.equal(hold.ownerUid, process.getuid?.());
  assert.ok(Math.abs((hold.fileTimeMs ?? 0) - Date.now()) < 60_000);
});

test('each source is a hold of its own: releasing one never releases another', t => {
  const { path, killSwitch, told } = bench(t, { timers: QUIET });
  writeFileSync(path, '');
  writeFileSync(`${path}.d/${CRM}`, '');
  killSwitch.refresh();
  assert.equal(killSwitch.holds.length, 2);
  unlinkSync(path);
  assert.equal(killSwitch.look(CRM)?.source, `${path}.d/${CRM}`);
  assert.equal(killSwitch.look(BILLING), null);
  unlinkSync(`${path}.d/${CRM}`);
  assert.equal(killSwitch.look(CRM), null);
  assert.deepEqual(
    told.map(({ what, scope }) => `${what} ${scope}`),
    ['engaged all', 'engaged crm-1', 'released all', 'released crm-1'],
  );
});

test('a switch that came, went and came again is told twice', t => {
  const { path, killSwitch, told } = bench(t, { timers: QUIET });
  for (let turn = 0; turn < 2; turn++) {
    writeFileSync(path, '');
    assert.ok(killSwitch.look(CRM));
    unlinkSync(path);
    assert.equal(killSwitch.look(CRM), null);
  }
  assert.equal(told.length, 4);
});

test('agents in the file stop those alone; others are not told of', t => {
  const { path, killSwitch } = bench(t, { timers: QUIET });
  writeFileSync(path, 'reason: r\nagents: [crm-*, x]\n');
  const hold = killSwitch.look(CRM);
  assert.equal(hold?.scope, 'crm-*,x');
  assert.equal(hold.reason, 'r');
  assert.equal(killSwitch.look(BILLING), null);
  const [scoped] = killSwitch.holds;
  assert.ok(scoped !== undefined && stops(scoped, CRM) && !stops(scoped, BILLING));
});

test('contents count only as long as the file is as it was read', t => {
  const { path, killSwitch, told } = bench(t, { timers: QUIET });
  writeFileSync(path, 'agents: [aa]\n');
  utimesSync(path, 1, 1);
  assert.equal(killSwitch.look(BILLING), null);
  // The same size and time of writing, at once: only the contents differ.
  writeFileSync(path, 'agents: [*g]\n');
  utimesSync(path, 1, 1);
  assert.equal(killSwitch.look(id('big'))?.scope ?? 'plain', 'all', 'an alias is not understood, so everyone stops');
  writeFileSync(path, 'agents: ["billing"]\n');
  assert.equal(killSwitch.look(BILLING)?.scope, 'billing');
  assert.equal(killSwitch.look(CRM), null);
  assert.deepEqual(
    told.map(({ what, scope }) => `${what} ${scope}`),
    ['engaged aa', 'engaged all', 'released aa', 'engaged billing', 'released all'],
  );
});

test('agents in X.d/agent are not understood: the plain form', t => {
  const { path, killSwitch } = bench(t, { timers: QUIET });
  writeFileSync(`${path}.d/${CRM}`, 'agents: [billing]\n');
  assert.equal(killSwitch.look(CRM)?.scope, CRM);
  assert.equal(killSwitch.look(BILLING), null);
});

test('a hold with until ends by itself, but not within a minute of a jump of the clock', t => {
  const clock = { wall: Date.UTC(2026, 0, 1), mono: 0 };
  const timers: Timers = { ...QUIET, now: () => clock.mono };
  const { path, killSwitch, told } = bench(t, { timers, wallMs: () => clock.wall });
  writeFileSync(path, 'until: "2026-01-01T00:10:00Z"\n');
  assert.ok(killSwitch.look(CRM));
  const pass = (ms: number): void => {
    clock.wall += ms;
    clock.mono += ms;
  };
  pass(599_999);
  assert.ok(killSwitch.look(CRM));
  pass(1);
  assert.equal(killSwitch.look(CRM), null);
  killSwitch.clockJumped();
  assert.ok(killSwitch.look(CRM), 'who knows what time it is');
  pass(59_999);
  assert.ok(killSwitch.look(CRM));
  pass(1);
  assert.equal(killSwitch.look(CRM), null);
  assert.equal(told.length, 4);
});

test('a clock that was set forward ends no hold, even before anybody noticed the jump', t => {
  const clock = { wall: Date.UTC(2026, 0, 1), mono: 0 };
  const timers: Timers = { ...QUIET, now: () => clock.mono };
  const { path, killSwitch, told } = bench(t, { timers, wallMs: () => clock.wall });
  writeFileSync(path, 'until: "2026-01-01T00:10:00Z"\n');
  assert.ok(killSwitch.look(CRM));
  clock.wall += 3_600_000;
  assert.ok(killSwitch.look(CRM));
  clock.wall -= 1_800_000;
  assert.ok(killSwitch.look(CRM), 'nor one that was set back a little later');
  clock.mono += 60_000;
  clock.wall += 60_000;
  assert.equal(killSwitch.look(CRM), null, 'a minute later the clock is taken to be right');
  assert.deepEqual(
    told.map(({ what }) => what),
    ['engaged', 'released'],
  );
});

test('the end of until is told by the poll', async t => {
  const clock = { wall: 0 };
  const timers: Timers = { ...SYSTEM_TIMERS, now: () => clock.wall };
  const { path, killSwitch, told } = bench(t, { wallMs: () => clock.wall, timers });
  writeFileSync(path, 'until: "1970-01-01T00:00:01Z"\n');
  assert.ok(killSwitch.look(CRM));
  clock.wall = 2000;
  await until('released', () => told.some(({ what }) => what === 'released'));
});

test('a folder that vanished is engaged until it is back and armed', async t => {
  const { path, killSwitch, told } = bench(t, {}, join(tempFolder(t), 'lib', 'killswitch'));
  const folder = join(path, '..');
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  assert.equal(killSwitch.look(CRM)?.source, folder);
  killSwitch.refresh();
  assert.ok(killSwitch.look(CRM), 'nothing makes the folder again but its owner');
  mkdirSync(folder);
  assert.ok(killSwitch.look(CRM), 'another folder is not the one that was watched');
  mkdirSync(`${path}.d`);
  await until('armed again', () => killSwitch.look(CRM) === null);
  writeFileSync(path, '');
  assert.ok(killSwitch.look(CRM));
  await until('told', () => told.at(-1)?.source === path);
});

test('a folder moved away and an empty one put in its place is engaged at once', t => {
  const { path, killSwitch } = bench(t, { timers: QUIET }, join(tempFolder(t), 'lib', 'killswitch'));
  const folder = join(path, '..');
  renameSync(folder, `${folder}.old`);
  mkdirSync(`${path}.d`, { recursive: true });
  assert.equal(killSwitch.look(CRM)?.source, folder);
});

test('a folder exchanged while engaged does not release before it is armed', t => {
  const { path, killSwitch, told } = bench(t, { timers: QUIET }, join(tempFolder(t), 'lib', 'killswitch'));
  writeFileSync(path, '');
  assert.ok(killSwitch.look(CRM));
  const folder = join(path, '..');
  renameSync(folder, `${folder}.old`);
  mkdirSync(`${path}.d`, { recursive: true });
  assert.ok(killSwitch.look(CRM));
  assert.equal(told.filter(({ what }) => what === 'released').length, 0);
});

test('X.d alone gone or turned into a file is engaged for everyone', t => {
  const { path, killSwitch } = bench(t, { timers: QUIET });
  rmdirSync(`${path}.d`);
  assert.equal(killSwitch.look(CRM)?.source, `${path}.d`);
  writeFileSync(`${path}.d`, '');
  assert.ok(killSwitch.look(BILLING));
});

test('permissive: what cannot be seen is as it last was', t => {
  const at = join(tempFolder(t), 'lib', 'killswitch');
  const { path, killSwitch } = bench(t, { timers: QUIET, securityMode: 'permissive' }, at);
  const folder = join(path, '..');
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  assert.equal(killSwitch.look(CRM), null);
  mkdirSync(`${path}.d`, { recursive: true });
  killSwitch.refresh();
  writeFileSync(path, '');
  assert.ok(killSwitch.look(CRM));
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  assert.ok(killSwitch.look(CRM));
});

test('a switch its agent may not see is engaged', { skip: process.getuid?.() !== 0 && 'needs root' }, t => {
  const root = tempFolder(t);
  chmodSync(root, 0o755);
  const folder = join(root, 'lib');
  mkdirSync(join(folder, 'killswitch.d'), { recursive: true });
  const module = JSON.stringify(`${process.cwd()}/dist/agent/kill-switch.js`);
  const script = (mode: string) => `
    const { openKillSwitch } = await import(${module});
    const observer = { engaged() {}, released() {} };
    try {
      const k = openKillSwitch({ path: ${JSON.stringify(join(folder, 'killswitch'))}, observer, securityMode: '${mode}' });
      console.log(k.look('a') !== null);
    } catch (error) { console.log(error.code); }`;
  assert.equal(runsScript(script('strict'), NOBODY).trim(), 'false');
  chmodSync(join(folder, 'killswitch.d'), 0o700);
  assert.equal(runsScript(script('strict'), NOBODY).trim(), 'true');
  assert.equal(runsScript(script('permissive'), NOBODY).trim(), 'false');
  chmodSync(folder, 0o700);
  assert.equal(runsScript(script('strict'), NOBODY).trim(), 'killswitch_dir_missing');
});

test('an event tells of a switch that nobody looks at, in the folder of agents too', async t => {
  const { path, told } = bench(t);
  const other = otherProcess(t);
  const engaged = (source: string) => () => told.some(x => x.what === 'engaged' && x.source === source);
  const released = (source: string) => () => told.some(x => x.what === 'released' && x.source === source);
  await other.run(`touch ${path}`);
  await until('engaged', engaged(path));
  await other.run(`rm ${path}`);
  await until('released', released(path));
  await other.run(`touch ${path}.d/never-asked`);
  await until('engaged', engaged(`${path}.d/never-asked`));
  await other.run(`rm ${path}.d/never-asked`);
  await until('released', released(`${path}.d/never-asked`));
  assert.equal(told.length, 4);
});

test('an observer that throws does not open the switch', t => {
  const observer = {
    engaged() {
      throw new Error('observer');
    },
    released() {
      throw new Error('observer');
    },
  };
  const { path, killSwitch } = bench(t, { observer, timers: QUIET });
  writeFileSync(path, '');
  assert.ok(killSwitch.look(CRM));
  unlinkSync(path);
  assert.equal(killSwitch.look(CRM), null);
});

test('a name in X.d that is no agent ID stops nobody and disturbs nothing', t => {
  const { path, killSwitch, told } = bench(t, { timers: QUIET });
  writeFileSync(`${path}.d/.hidden`, '');
  killSwitch.refresh();
  assert.equal(killSwitch.look(CRM), null);
  assert.deepEqual(told, []);
});

test('the record of a hold has what is known, and a time only where it is one', () => {
  const hold = { source: '/k', scope: 'all', reason: null, ownerUid: null, fileTimeMs: null };
  assert.deepEqual(killRecord('kill_released', hold), { type: 'kill_released', source: '/k', scope: 'all' });
  const full = { ...hold, reason: 'r', ownerUid: 5, fileTimeMs: 1.5 };
  assert.deepEqual(killRecord('kill_engaged', full, { aborted: 2, abortMs: 3 }), {
    type: 'kill_engaged',
    source: '/k',
    scope: 'all',
    reason: 'r',
    owner_uid: 5,
    file_time: '1970-01-01T00:00:00.001Z',
    aborted: 2,
    abort_ms: 3,
  });
  for (const fileTimeMs of [Number.NaN, 1e18, -1e15]) {
    assert.equal(killRecord('kill_engaged', { ...hold, fileTimeMs }).file_time, undefined);
  }
});

test('contents of a file that has long stood still are read once and still dropped when it changes', async t => {
  const { path, killSwitch } = bench(t, { timers: QUIET, wallMs: () => Date.now() + 10_000 });
  writeFileSync(path, 'agents: [crm-1]\n');
  for (let turn = 0; turn < 3; turn++) {
    assert.ok(killSwitch.look(CRM));
    assert.equal(killSwitch.look(BILLING), null);
  }
  writeFileSync(path, '');
  assert.ok(killSwitch.look(BILLING));
});

test('more agents than are remembered: the switch of each is still found, by a look and by the folder alone', t => {
  const { path, told, killSwitch } = bench(t, { timers: QUIET });
  const many = Array.from({ length: 3000 }, (_, i) => id(`tenant-${i}`));
  writeFileSync(`${path}.d/tenant-2999`, '');
  for (const agent of many) assert.equal(killSwitch.look(agent) === null, agent !== 'tenant-2999', agent);
  // The first is long forgotten, and nobody asks for it: what is in flight must end all the same.
  writeFileSync(`${path}.d/tenant-0`, '');
  killSwitch.refresh();
  assert.deepEqual(
    told.map(({ what, scope }) => [what, scope]),
    [
      ['engaged', 'tenant-2999'],
      ['engaged', 'tenant-0'],
    ],
  );
  assert.equal(killSwitch.look(id('tenant-1')), null);
  assert.notEqual(killSwitch.look(id('tenant-2999')), null);
});
