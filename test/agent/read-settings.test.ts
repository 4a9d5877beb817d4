import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { operatorSettingsFile, readSettings } from '#src/agent/read-settings.js';
import { notRoot } from '../support/nobody.js';
import { tempFolder } from '../support/temp.js';

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

test('settings that others could write are refused, whoever asks, with what mends them', t => {
  const dir = join(tempFolder(t), 'etc');
  mkdirSync(dir);
  const path = join(dir, 'checkrd.yaml');
  writeFileSync(path, 'agent_id: a\n');
  const around = { env: { CHECKRD_CONFIG_DIR: dir }, home: '/h', cwd: '/' };
  for (const face of ['library', 'daemon', 'operator'] as const) {
    chmodSync(path, 0o646);
    assert.throws(() => readSettings(face, around), {
      code: 'settings_writable_by_others',
      message: `\`${path}\` has mode 0646 and owner ${process.getuid?.()}: everyone could change the settings; run \`chmod go-w ${path}\``,
    });
    chmodSync(path, 0o644);
    chmodSync(dir, 0o777);
    assert.throws(() => readSettings(face, around), {
      code: 'settings_writable_by_others',
      message: /etc` has mode 0777/,
    });
    chmodSync(dir, 0o755);
    assert.equal(readSettings(face, around).configDir, dir);
  }
});

test('settings of another user are refused, and the operators that they name have no say', { skip: notRoot }, t => {
  const dir = tempFolder(t);
  const path = join(dir, 'checkrd.yaml');
  writeFileSync(path, 'agent_id: a\noperators_group: "1"\n', { mode: 0o664 });
  chmodSync(path, 0o664);
  chownSync(path, 0, 1);
  const read = () => readSettings('library', { env: { CHECKRD_CONFIG_DIR: dir }, home: '/h', cwd: '/' });
  assert.throws(read, { code: 'settings_writable_by_others', message: /group 1 could/ });
  chmodSync(path, 0o644);
  chownSync(path, 65_534, 0);
  assert.throws(read, { code: 'settings_writable_by_others', message: /user 65534 could.*chown root:root/ });
});
