// T-70 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import fs, { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type KillContents, readKillFile } from '#src/core/config/kill-file.js';
import { engageSwitch, narrowSwitch, releaseSwitch } from '#src/disk/switch-acts.js';
import { tempFolder } from '../support/temp.js';

const PLAIN: KillContents = { reason: null, agents: null, untilMs: null };
const only = (...agents: string[]): KillContents => ({ ...PLAIN, agents });

function fresh(t: TestContext): string {
  return join(tempFolder(t), 'killswitch');
}

test('engage writes the file whole and leaves nothing beside it; release removes it', t => {
  const path = fresh(t);
  const contents: KillContents = { reason: 'bad deploy', agents: ['crm-*'], untilMs: 2_000_000_000_000 };
  assert.equal(engageSwitch(path, contents, 'u1'), 'engaged');
  assert.deepEqual(readKillFile(readFileSync(path)), contents);
  assert.equal(statSync(path).mode & 0o777, 0o644);
  assert.deepEqual(readdirSync(join(path, '..')), ['killswitch']);
  assert.equal(releaseSwitch(path), true);
  assert.equal(releaseSwitch(path), false);
  assert.deepEqual(readdirSync(join(path, '..')), []);
});

type Second = { readonly name: string; readonly first: string; readonly second: KillContents; readonly after: string };
const kept: readonly Second[] = [
  { name: 'plain stays plain', first: '', second: only('a'), after: '' },
  { name: 'what is not understood stays', first: 'stop!\n', second: PLAIN, after: 'stop!\n' },
  { name: 'the same agents', first: 'agents: ["a", "b"]\n', second: only('a'), after: 'agents: ["a", "b"]\n' },
];
for (const { name, first, second, after } of kept) {
  test(`a second kill keeps the older file: ${name}`, t => {
    const path = fresh(t);
    writeFileSync(path, first);
    assert.equal(engageSwitch(path, second, 'u1'), 'kept');
    assert.equal(readFileSync(path, 'utf8'), after);
  });
}
const widened: readonly Second[] = [
  { name: 'everyone over one', first: 'agents: [a]\n', second: PLAIN, after: '' },
  { name: 'another agent', first: 'agents: [a]\n', second: only('b'), after: 'agents: ["a","b"]\n' },
  { name: 'without end over one that ends', first: 'until: 2020-01-01T00:00:00Z\n', second: PLAIN, after: '' },
  {
    name: 'a later end',
    first: 'until: 2020-01-01T00:00:00Z\n',
    second: { ...PLAIN, untilMs: Date.UTC(2030, 0, 1) },
    after: 'until: "2030-01-01T00:00:00.000Z"\n',
  },
];
for (const { name, first, second, after } of widened) {
  test(`a second kill widens the older file: ${name}`, t => {
    const path = fresh(t);
    writeFileSync(path, first);
    assert.equal(engageSwitch(path, second, 'u1'), 'widened');
    assert.equal(readFileSync(path, 'utf8'), after);
    assert.deepEqual(readdirSync(join(path, '..')), ['killswitch']);
  });
}

test('a switch in another form is engaged already, and released in whatever form', t => {
  const path = fresh(t);
  symlinkSync('nowhere', path);
  assert.equal(engageSwitch(path, PLAIN, 'u1'), 'kept');
  assert.equal(releaseSwitch(path), true);
  mkdirSync(path);
  assert.equal(engageSwitch(path, PLAIN, 'u1'), 'kept');
  assert.equal(releaseSwitch(path), true);
});

test('what cannot be done says so', t => {
  const path = join(fresh(t), 'missing', 'killswitch');
  assert.throws(() => engageSwitch(path, PLAIN, 'u1'), { code: 'killswitch_not_engaged', message: /ENOENT/ });
  const full = fresh(t);
  mkdirSync(join(full, 'entry'), { recursive: true });
  assert.throws(() => releaseSwitch(full), { code: 'killswitch_not_released', message: /ENOTEMPTY/ });
});

test('patterns are taken out of a switch that names them all, and of no other', t => {
  const path = fresh(t);
  assert.equal(narrowSwitch(path, ['a'], 'u1'), false);
  for (const stands of ['', 'reason: r\n', 'agents: [b]\n', 'agents: [a]\nmore: x\n']) {
    writeFileSync(path, stands);
    assert.equal(narrowSwitch(path, ['a'], 'u1'), false, stands);
    assert.equal(readFileSync(path, 'utf8'), stands);
  }
  writeFileSync(path, 'reason: r\nagents: [a, b, c]\nuntil: "2030-01-01T00:00:00Z"\n');
  assert.equal(narrowSwitch(path, ['b', 'a'], 'u1'), true);
  assert.deepEqual(readKillFile(readFileSync(path)), { reason: 'r', agents: ['c'], untilMs: Date.UTC(2030, 0, 1) });
  assert.equal(narrowSwitch(path, ['c'], 'u1'), true);
  assert.deepEqual(readdirSync(join(path, '..')), []);
  symlinkSync('nowhere', path);
  assert.equal(narrowSwitch(path, ['c'], 'u1'), false);
});

/** As where the kernel counts the times of files in steps of some milliseconds, and all happens within one. */
function stillTimes(t: TestContext): void {
  const table = fs as unknown as Record<string, (...args: never[]) => unknown>;
  const real = { lstatSync: table.lstatSync, fstatSync: table.fstatSync };
  const put = (calls: Readonly<Record<string, unknown>>) => {
    Object.assign(table, calls);
    syncBuiltinESMExports();
  };
  const still =
    (call: ((...args: never[]) => unknown) | undefined) =>
    (...args: never[]) => {
      const stat = call?.(...args);
      return stat === undefined ? stat : Object.assign(stat as object, { mtimeNs: 1n, ctimeNs: 1n });
    };
  put({ lstatSync: still(real.lstatSync), fstatSync: still(real.fstatSync) });
  t.after(() => put(real));
}

test('a switch that was made wider in between stands, though its size and times are the same', t => {
  const path = fresh(t);
  stillTimes(t);
  writeFileSync(path, 'agents: [a, b]\n');
  // Asked after the file was read and before it is replaced.
  class Meddling extends Array<string> {
    override includes(glob: string): boolean {
      if (glob === 'b') writeFileSync(path, '');
      return super.includes(glob);
    }
  }
  assert.equal(narrowSwitch(path, Meddling.from(['a']), 'u1'), false);
  assert.equal(readFileSync(path, 'utf8'), '');

  writeFileSync(path, 'agents: [a]\n');
  const meddling: KillContents = {
    agents: ['b'],
    untilMs: null,
    get reason() {
      writeFileSync(path, 'all of you!\n');
      return 'r';
    },
  };
  assert.equal(engageSwitch(path, meddling, 'u1'), 'kept');
  assert.equal(readFileSync(path, 'utf8'), 'all of you!\n');
  assert.deepEqual(readdirSync(join(path, '..')), ['killswitch']);
});
