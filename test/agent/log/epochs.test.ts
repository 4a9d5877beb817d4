/**
 * Promise: a key signs for one epoch, certifies its successor and is destroyed; at every crash in between the log goes on with
 * exactly one key, and every file of it verifies from the first anchor.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs, {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whereItStands } from '#src/agent/audit-log.js';
import { firstKey } from '#src/agent/log/keys.js';
import { verify } from '#src/cli/verify.js';
import { appendMany, decision, type Place, place } from '../../support/audit-log.js';
import { runCommand } from '../../support/cli-command.js';
import { endsWith } from '../../support/ends-with.js';
import { failOnce } from '../../support/one-fault.js';
import { type Line, readWhole } from '../../support/read-log.js';
import { until } from '../../support/until.js';

const DAY_MS = 86_400_000;
const keysOf = (at: Place): string[] => readdirSync(join(at.folder, 'keys')).filter(name => name.endsWith('.key'));
const namesOf = (at: Place): string[] =>
  readdirSync(dirname(at.path)).filter(name => /^audit.*\.jsonl(\.\d+)?$/.test(name));
const filesOf = (at: Place): string[] => {
  const first = (file: string): number => Number(/"seq":(\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? -1);
  const files = namesOf(at).map(name => join(dirname(at.path), name));
  return files.sort((a, b) => first(a) - first(b));
};
const rotations = (records: readonly Line[]): Line[] => records.filter(r => r.type === 'key_rotated');
const epochsText = (at: Place): string =>
  existsSync(`${at.path}.epochs`) ? readFileSync(`${at.path}.epochs`, 'utf8') : '';
const epochLines = (at: Place): Line[] =>
  epochsText(at)
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as Line);
async function verified(at: Place, pub = 'origin.pub'): Promise<void> {
  const run = await runCommand(verify, ['--key', join(at.folder, 'keys', pub), ...filesOf(at)]);
  assert.equal(run.code, 0, [...run.out, ...run.err].join('\n'));
}

test('an epoch ends with its file: certified, kept in .epochs, the old key gone', async t => {
  const at = place(t);
  const log = at.open();
  appendMany(log, 3);
  const first = readFileSync(join(at.folder, 'keys', keysOf(at)[0] as string), 'utf8');
  for (let n = 1; n <= 3; n += 1) {
    renameSync(at.path, `${at.path}.${n}`);
    log.reopen();
    appendMany(log, 3, n * 10);
    assert.deepEqual(keysOf(at), [`${log.origin.slice(-16)}.${n}.key`]);
    assert.equal(statSync(join(at.folder, 'keys', keysOf(at)[0] as string)).mode & 0o777, 0o600);
  }
  log.close();
  const records = readWhole(...filesOf(at));
  assert.deepEqual(
    rotations(records).map(r => r.epoch),
    [1, 2, 3],
  );
  assert.deepEqual(epochLines(at), rotations(records));
  const types = records.map(r => r.type).join(' ');
  assert.match(types, /segment_closed checkpoint segment_opened key_rotated checkpoint decision/);
  assert.notEqual(first, readFileSync(join(at.folder, 'keys', keysOf(at)[0] as string), 'utf8'));
  assert.equal(rotations(records).at(-1)?.public_key, log.publicKey);
  await verified(at);
});

test('an epoch ends after 24 hours, with records or without, also when the writer was not there', async t => {
  const at = place(t);
  let ms = Date.now();
  const clock = { wallMs: () => ms };
  const log = at.open({ clock });
  log.append(decision(0));
  ms += DAY_MS - 1000;
  log.append(decision(1));
  assert.equal(rotations(readWhole(at.path)).length, 0);
  ms += 2000;
  log.append(decision(2));
  assert.equal(rotations(readWhole(at.path)).length, 1);
  log.close();
  ms = statSync(join(at.folder, 'keys', keysOf(at)[0] as string)).mtimeMs + 3 * DAY_MS;
  const again = at.open({ clock });
  again.append(decision(3));
  again.close();
  assert.deepEqual(
    rotations(readWhole(at.path)).map(r => r.epoch),
    [1, 2],
  );
  await verified(at);
});

/** Everything as a SIGKILL would leave it after each system call that changes something, while `act` runs. */
function moments(live: Place, t: TestContext, act: () => void): Place[] {
  const shots: Place[] = [];
  const table = fs as unknown as Record<string, (...args: never[]) => unknown>;
  const real = new Map<string, (...args: never[]) => unknown>();
  let busy = false;
  for (const name of ['openSync', 'writeSync', 'fsyncSync', 'linkSync', 'renameSync', 'unlinkSync', 'ftruncateSync']) {
    const call = table[name] as (...args: never[]) => unknown;
    real.set(name, call);
    table[name] = (...args: never[]) => {
      const done = call(...args);
      if (busy) return done;
      busy = true;
      const at = place(t);
      cpSync(live.folder, at.folder, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
      shots.push(at);
      busy = false;
      return done;
    };
  }
  syncBuiltinESMExports();
  try {
    act();
  } finally {
    for (const [name, call] of real) table[name] = call;
    syncBuiltinESMExports();
  }
  return shots;
}

for (const how of ['with its file', 'within a file'] as const) {
  test(`a crash after every system call of an epoch's end (${how}): one key, every line, and it verifies`, async t => {
    const live = place(t);
    let ms = Date.now();
    const log = live.open({ clock: { wallMs: () => ms } });
    appendMany(log, 2);
    if (how === 'with its file') renameSync(live.path, `${live.path}.1`);
    else ms += DAY_MS + 1000;
    const shots = moments(live, t, () => {
      if (how === 'with its file') log.reopen();
      log.append(decision(2));
    });
    assert.ok(shots.length >= 20, `${shots.length} moments`);
    let anew = 0;
    for (const [n, at] of shots.entries()) {
      const again = at.open();
      again.append(decision(3));
      again.close();
      const records = readWhole(...filesOf(at));
      const kept = records.filter(r => r.type === 'decision').map(r => r.request_id);
      assert.deepEqual(kept.slice(0, 2), ['r-0', 'r-1'], `moment ${n}`);
      assert.equal(kept.at(-1), 'r-3', `moment ${n}`);
      assert.equal(keysOf(at).length, 1, `moment ${n}: ${keysOf(at).join(' ')}`);
      const said = rotations(records);
      if (said.length > epochLines(at).length) anew += 1;
      assert.equal(said.at(-1)?.public_key, epochLines(at).at(-1)?.public_key, `moment ${n}`);
      assert.match(epochsText(at), /^$|\n$/);
      await verified(at);
    }
    assert.ok(anew >= 1, 'in some a rotation was given up and made anew');
  });
}

test('a real SIGKILL while files end as fast as they can', async t => {
  const at = place(t);
  const child = join('build', 'test', 'support', 'log-child.js');
  // Names alone: while the child lives, a file that was listed may have another name when it is opened.
  const count = (): number => (existsSync(dirname(at.path)) ? namesOf(at).length : 0);
  for (let round = 0; round < 4; round += 1) {
    const before = count();
    const running = spawn(process.execPath, [child, at.folder, 'turning', '0'], { stdio: 'ignore' });
    const ended = endsWith(t, running);
    await until('three more files', () => count() >= before + 3);
    await sleep(7 * round);
    running.kill('SIGKILL');
    assert.equal(await ended, 'SIGKILL');
  }
  const log = at.open();
  log.append(decision(0));
  log.close();
  assert.equal(keysOf(at).length, 1, keysOf(at).join(' '));
  const files = filesOf(at).filter(file => statSync(file).size > 0 && file !== at.path);
  assert.ok(rotations(readWhole(...files)).length >= 4);
  await verified(at);
});

for (const call of ['writeSync', 'fsyncSync', 'fdatasyncSync', 'linkSync', 'openSync'] as const) {
  for (const nth of [1, 2, 3, 4, 5, 6, 7]) {
    test(`an epoch's end in which ${call} ${nth} fails: it ends all the same, and it verifies`, async t => {
      const at = place(t);
      let ms = Date.now();
      const log = at.open({ clock: { wallMs: () => ms } });
      appendMany(log, 2);
      ms += DAY_MS + 1000;
      const hit = failOnce(t, call, nth, () => {
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
      });
      for (let n = 2; n < 6; n += 1) {
        ms += 1001;
        try {
          log.append(decision(n));
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'audit_unavailable');
        }
      }
      log.append(decision(6));
      log.close();
      if (!hit()) t.diagnostic('not reached');
      const records = readWhole(...filesOf(at));
      assert.ok(rotations(records).length >= 1);
      const again = at.open();
      again.append(decision(7));
      again.close();
      assert.equal(keysOf(at).length, 1, keysOf(at).join(' '));
      await verified(at);
    });
  }
}

test('the folder of keys cannot be written: the old key serves on, it is said, and the epoch ends when it can', t => {
  const at = place(t);
  let ms = Date.now();
  const log = at.open({ clock: { wallMs: () => ms } });
  log.append(decision(0));
  const keys = join(at.folder, 'keys');
  renameSync(keys, `${keys}.away`);
  writeFileSync(keys, 'no folder');
  ms += DAY_MS + 1000;
  log.append(decision(1));
  assert.match(at.problems.join('\n'), /key file/);
  rmSync(keys);
  renameSync(`${keys}.away`, keys);
  ms += 1001;
  log.append(decision(2));
  assert.equal(rotations(readWhole(at.path)).length, 1);
  log.close();
});

test('logs of one folder have keys of their own: the epochs of one leave the other alone', async t => {
  const at = place(t);
  const one = at.open();
  const two = at.open({ path: join(dirname(at.path), 'other.jsonl') });
  assert.notEqual(one.publicKey, two.publicKey);
  appendMany(one, 2);
  appendMany(two, 2);
  renameSync(one.path, `${one.path}.1`);
  one.reopen();
  two.close();
  const again = at.open({ path: two.path });
  assert.equal(again.origin, two.origin);
  assert.equal(again.publicKey, two.publicKey);
  again.close();
  one.close();
  const pub = join(at.folder, 'keys', `${two.origin.slice(-16)}.pub`);
  const run = await runCommand(verify, ['--key', pub, two.path]);
  assert.equal(run.code, 0, [...run.out, ...run.err].join('\n'));
});

test('logs that shared log.key go on, each with a copy, and none is lost when one of them ends its epoch', async t => {
  const at = place(t);
  const paths = [at.path, join(dirname(at.path), 'other.jsonl')];
  const keys = join(at.folder, 'keys');
  const origins = paths.map(path => {
    // As the first version left it: one key for all.
    const log = at.open({ path });
    appendMany(log, 2);
    log.close();
    const own = join(keys, `${log.origin.slice(-16)}.0.key`);
    renameSync(own, join(keys, 'log.key'));
    rmSync(join(keys, `${log.origin.slice(-16)}.pub`));
    return log.origin;
  });
  assert.deepEqual(keysOf(at), ['log.key']);
  const logs = paths.map(path => at.open({ path }));
  assert.deepEqual(
    logs.map(log => log.origin),
    origins,
  );
  for (const log of logs) {
    appendMany(log, 2, 10);
    renameSync(log.path, `${log.path}.1`);
    log.reopen();
    appendMany(log, 2, 20);
    log.close();
  }
  assert.equal(keysOf(at).length, 2);
  for (const path of paths) {
    const run = await runCommand(verify, ['--key', join(keys, 'origin.pub'), `${path}.1`, path]);
    assert.equal(run.code, 0, [...run.out, ...run.err].join('\n'));
  }
});

test('a name that a file only claims has no say in paths', t => {
  const at = place(t);
  at.open().close();
  const state = readFileSync(`${at.path}.state`, 'utf8');
  writeFileSync(`${at.path}.state`, state.replace(/"log":"[^"]*"/, '"log":"x/../../../../etc/passwd"'));
  assert.equal(whereItStands(at.path, at.settings()).start.cases[0], 'state_rebuilt');
});

test("a second writer's log is never gone on with: its key goes when it is closed, the first one's stays", async t => {
  const at = place(t);
  const one = at.open();
  const two = at.open();
  appendMany(two, 2);
  assert.equal(keysOf(at).length, 2);
  two.close();
  assert.deepEqual(keysOf(at), [`${one.origin.slice(-16)}.0.key`]);
  one.close();
  const pub = join(at.folder, 'keys', `${two.origin.slice(-16)}.pub`);
  assert.equal((await runCommand(verify, ['--key', pub, two.path])).code, 0);
});

test('a start that writes nothing takes no key: the anchor of `init` is that of the first log', async t => {
  const at = place(t);
  const anchor = readFileSync(firstKey(join(at.folder, 'keys')), 'utf8');
  const real = fs.writeSync;
  fs.writeSync = (() => {
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  }) as never;
  syncBuiltinESMExports();
  const log = at.open();
  assert.throws(() => log.append(decision(0)), { code: 'audit_unavailable' });
  log.close();
  fs.writeSync = real;
  syncBuiltinESMExports();
  assert.deepEqual(keysOf(at), ['log.key']);
  const again = at.open();
  again.append(decision(1));
  again.close();
  assert.equal(`${again.publicKey}\n`, anchor);
  assert.deepEqual(keysOf(at), [`${again.origin.slice(-16)}.0.key`]);
  await verified(at);
});
