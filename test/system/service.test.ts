import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const UNIT = readFileSync('systemd/checkrd.service', 'utf8');
const analyze = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });
const skip = analyze('--version').error === undefined ? false : 'no systemd-analyze on this machine';

test('systemd takes the unit without a complaint', { skip }, t => {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-unit-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const path = join(folder, 'checkrd.service');
  // The program is not installed here; any that is stands for it.
  writeFileSync(path, UNIT.replace('/usr/bin/checkrd', '/bin/true'));
  const verified = analyze('verify', path);
  assert.equal(verified.status, 0, verified.stderr);
  assert.equal(verified.stderr, '');
  const exposure = /exposure level for .*: ([0-9.]+)/.exec(analyze('security', '--offline=true', path).stdout)?.[1];
  assert.ok(Number(exposure) < 1.5, `exposure ${exposure}`);
});

test('the unit keeps what the daemon cannot do without', () => {
  assert.match(UNIT, /^Type=notify$/m);
  assert.match(UNIT, /^NotifyAccess=all$/m);
  assert.doesNotMatch(UNIT, /^MemoryDenyWriteExecute=/m);
  assert.doesNotMatch(UNIT, /^ConfigurationDirectory=/m);
});
