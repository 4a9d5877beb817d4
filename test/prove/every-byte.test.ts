/** Those tests that take each third byte of a file, at every byte. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const FILES = [
  'agent/log/start',
  'core/verify/attacks',
  'core/verify/epochs',
  'core/verify/sealed',
  'core/verify/signed',
];

test('every byte of a log changed, flipped, cut off', t => {
  const files = FILES.map(name => `build/test/${name}.test.js`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const ran = spawnSync(process.execPath, ['--test', ...files], {
    env: { ...env, EVERY_BYTE: '1' },
    encoding: 'utf8',
  });
  t.diagnostic(/^# pass \d+$|^ℹ pass \d+$/m.exec(ran.stdout)?.[0] ?? 'no count');
  assert.equal(ran.status, 0, ran.stdout);
});
