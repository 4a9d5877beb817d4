// T-14 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { agentsStopped, armFolder, isAbsent, isSameFolder, lookAtSwitch, readSwitch } from '#src/disk/switch-files.js';
import { runs } from '../support/shell.js';
import { tempFolder } from '../support/temp.js';

function stampOf(path: string): string {
  const entry = lookAtSwitch(path);
  assert.ok(entry.is === 'present');
  return entry.stamp;
}

test('contents are those of the file that was looked at, or none', t => {
  const path = join(tempFolder(t), 'killswitch');
  writeFileSync(path, 'agents: [a]\n');
  const stamp = stampOf(path);
  assert.deepEqual(readSwitch(path, stamp)?.agents, ['a']);
  writeFileSync(path, 'agents: [a, b]\n');
  assert.equal(readSwitch(path, stamp), null);
  assert.equal(readSwitch(`${path}.gone`, stamp), null);
});

test('a link that took the place of the file is not followed', t => {
  const path = join(tempFolder(t), 'killswitch');
  writeFileSync(`${path}.target`, 'agents: [a]\n');
  symlinkSync(`${path}.target`, path);
  assert.equal(readSwitch(path, stampOf(`${path}.target`)), null);
});

test('a FIFO that took the place of the file does not hang', t => {
  const path = join(tempFolder(t), 'killswitch');
  runs('mkfifo', path);
  const code = `
    import { readSwitch } from '${process.cwd()}/dist/disk/switch-files.js';
    console.log(readSwitch('${path}', '${stampOf(path)}'));`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', timeout: 20_000 });
  assert.equal(done.stdout.trim(), 'null');
});

test('absence is said only of what is surely absent', t => {
  const folder = tempFolder(t);
  assert.equal(isAbsent(join(folder, 'x')), true);
  symlinkSync('nowhere', join(folder, 'x'));
  assert.equal(isAbsent(join(folder, 'x')), false);
  assert.equal(isAbsent(join(folder, 'a'.repeat(300))), false, 'a name too long is an error, not an absence');
});

test('a folder is known by its inode', t => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'a'));
  mkdirSync(join(folder, 'b'));
  const armed = armFolder(join(folder, 'a'));
  assert.ok(armed !== null && isSameFolder(armed));
  assert.equal(isSameFolder({ ...armed, path: join(folder, 'b') }), false);
  assert.equal(isSameFolder({ ...armed, path: join(folder, 'gone') }), false);
  assert.equal(armFolder(join(folder, 'gone')), null);
});

test('agents with an entry are listed; a folder that cannot be is null', t => {
  const path = join(tempFolder(t), 'killswitch');
  assert.equal(agentsStopped(path), null);
  mkdirSync(`${path}.d`);
  for (const name of ['b', 'a.1', '.hidden', '-x']) writeFileSync(join(`${path}.d`, name), '');
  assert.deepEqual([...(agentsStopped(path) ?? [])].sort(), ['a.1', 'b']);
});
