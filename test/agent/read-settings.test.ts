import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { operatorSettingsFile, readSettings } from '#src/agent/read-settings.js';

test('an operator means the machine’s settings unless others are named', t => {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const system = join(folder, 'checkrd.yaml');
  const around = { env: {}, home: '/h', cwd: '/' };
  assert.equal(operatorSettingsFile(null, around, system), null);
  writeFileSync(system, 'security_mode: permissive\n');
  assert.equal(operatorSettingsFile(null, around, system), system);
  assert.equal(operatorSettingsFile('other.yaml', around, system), 'other.yaml');
  assert.equal(operatorSettingsFile(null, { ...around, env: { CHECKRD_CONFIG_DIR: '/c' } }, system), null);

  const settings = readSettings('operator', around, system);
  assert.equal(settings.securityMode, 'permissive');
  assert.equal(settings.killswitch, join(folder, 'killswitch'));
});

test('without a file the defaults stand in the home directory', () => {
  assert.equal(
    readSettings('operator', { env: {}, home: '/nonexistent', cwd: '/' }).policy,
    '/nonexistent/.checkrd/policy.yaml',
  );
});
