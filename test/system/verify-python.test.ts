/** Promise: docs/audit-log.md suffices. examples/verify.py, written from it alone, says what `checkrd verify` says. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { HISTORIES, LabLog } from '../support/histories.js';
import { fileOf } from '../support/verify-bytes.js';

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

test('it follows the keys from epoch to epoch, and no others', { skip }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-python-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const [k0, k1, k2] = [0, 1, 2].map(n => testSigner(`epoch ${n}`)) as [Signer, Signer, Signer];
  type Signer = ReturnType<typeof testSigner>;
  const files = (log: AuditBuilder): string[] =>
    log.files.map((lines, i) => {
      writeFileSync(join(folder, `${i}.jsonl`), fileOf(lines));
      return join(folder, `${i}.jsonl`);
    });
  const begun = () => new AuditBuilder('host/crm-agent/0123456789abcdef', k0).started().decision('a').checkpoint();
  const key = ['--key', Buffer.from(k0.publicKey).toString('base64')];
  const honest = await python([...key, ...files(begun().turnEpoch(k1).decision('b').turnEpoch(k2))]);
  assert.equal(honest.code, 0, honest.out);
  assert.equal((await python([...key, ...files(begun().rotate(k1, {}, k2).checkpoint())])).code, 1);
  assert.equal((await python([...key, ...files(begun().rotate(k1, { signature: '' }).checkpoint())])).code, 1);
  // A key is over once the next one has signed; until then a crash may have given the turn up.
  const over = begun().rotate(k1).checkpoint();
  assert.equal((await python([...key, ...files(over.checkpoint(over.size, {}, k0))])).code, 1);
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
