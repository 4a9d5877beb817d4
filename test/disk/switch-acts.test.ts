import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type KillContents, readKillFile } from '#src/core/config/kill-file.js';
import { engageSwitch, releaseSwitch } from '#src/disk/switch-acts.js';
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
