/** Promise: docs/audit-log.md suffices. examples/verify.py, written from it alone, says what `checkrd verify` says. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { HISTORIES, LabLog } from '../support/histories.js';

const ready = ['python3', 'openssl'].filter(program => spawnSync(program, ['--help']).error !== undefined);
const skip = ready.length > 0 && `not on this machine: ${ready.join(', ')}`;

function python(args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise(resolve => {
    execFile('python3', ['examples/verify.py', ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr });
    });
  });
}

/** It reads one log at a time. */
const one = HISTORIES.filter(({ name }) => !name.startsWith('the key deleted'));

test(`it agrees on ${one.length} histories`, { skip }, async t => {
  for (const { name, exit, first, run } of one) {
    const log = new LabLog();
    t.after(() => log.remove());
    run(log);
    const { code, out } = await python(['--key', log.key, ...log.files()]);
    assert.equal(code, exit, `${name}: ${out}`);
    // Where two lines disagree it blames the later one; otherwise it names the same file.
    const file = first?.split(' ')[1]?.split(':')[0];
    if (exit === 1) assert.match(out, new RegExp(`/${file?.replace(/\.(0\.)?/, '\\.(\\d+\\.)?')}`), name);
  }
});

test('another key, a spoilt signature, no key: never intact', { skip }, async t => {
  const log = new LabLog();
  t.after(() => log.remove());
  log.ended();
  const other = Buffer.alloc(32, 9).toString('base64');
  assert.equal((await python(['--key', other, log.path])).code, 1);
  assert.equal((await python([log.path])).code, 64);
  log.edit(
    lines => void lines.push(String(lines.pop()).replace(/"sig":"(.)/, (_, c) => `"sig":"${c === 'A' ? 'B' : 'A'}`)),
  );
  assert.equal((await python(['--key', log.key, log.path])).code, 1);
});
