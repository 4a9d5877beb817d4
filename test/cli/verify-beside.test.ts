// T-06, T-07 of THREAT-MODEL.md.
/** Promise: what lies beside a log is read as evidence for its end, said by name, and never trusted further than its signature. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { verify } from '#src/cli/verify.js';
import { toBase64 } from '#src/core/bytes.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { appendMany } from '../support/audit-log.js';
import { runCommand } from '../support/cli-command.js';
import { LabLog } from '../support/histories.js';
import { fileOf } from '../support/verify-bytes.js';

const lab = (t: TestContext): LabLog => {
  const log = new LabLog();
  t.after(() => log.remove());
  return log;
};
const run = (log: LabLog, ...files: string[]) =>
  runCommand(verify, ['--key', log.key, ...(files.length > 0 ? files : log.files())]);

test('the state file attests the end, and is named', async t => {
  const log = lab(t);
  log.ended();
  const { code, out } = await run(log);
  assert.equal(code, 0);
  assert.match(
    out.find(line => line.startsWith('end')) ?? '',
    /^end {5}attested( up to \d+)? by .*audit\.jsonl\.state/,
  );
});

test('an end cut off is truncated against the state file', async t => {
  const log = lab(t);
  log.ended();
  log.edit(lines => lines.splice(5));
  const { code, out } = await run(log);
  assert.equal(code, 1);
  assert.match(out[0] as string, /^truncated: the log ends at 5 records, and .*audit\.jsonl\.state knows of \d+/);
});

test('a log replaced by another of the same length and key is an expect_mismatch', async t => {
  const log = lab(t);
  log.ended();
  const state = readFileSync(`${log.path}.state`);
  log.edit(lines => lines.splice(6));
  rmSync(`${log.path}.state`);
  const again = log.open();
  appendMany(again, 12, 500);
  again.close();
  writeFileSync(`${log.path}.state`, state);
  const { code, out } = await run(log, log.path);
  assert.equal(code, 1);
  assert.match(out.join('\n'), /expect_mismatch: .*knows another root of the first \d+ records/);
});

test('a state that this log’s key did not sign is not used, and that is said', async t => {
  const [log, other] = [lab(t), lab(t)];
  log.ended();
  log.restart();
  log.edit(lines => lines.splice(12));
  assert.equal((await run(log)).code, 1);
  const state = readFileSync(`${log.path}.state`, 'utf8');
  writeFileSync(`${log.path}.state`, state.replace(/"offset":/, '"offset":1'));
  const forged = await run(log);
  assert.equal(forged.code, 0, 'without evidence an early end cannot be seen');
  assert.match(forged.out[0] as string, /^note: the state file .* is not signed by a key of this log/);
  assert.ok(forged.out.includes('end     not attested'));
  other.ended();
  cpSync(`${other.path}.state`, `${log.path}.state`);
  assert.ok((await run(log)).out.includes('end     not attested'), 'another log’s state says nothing of this one');
  for (const content of ['', 'hello\n', '{}\n', `${'x'.repeat(100_000)}\n`]) {
    writeFileSync(`${log.path}.state`, content);
    assert.equal((await run(log)).code, 0, content.slice(0, 9));
  }
});

test('earlier files alone are not accused of ending early while the current one is there', async t => {
  const log = lab(t);
  log.live(opened => {
    renameSync(log.path, `${log.path}.1`);
    opened.reopen();
  });
  const early = await run(log, `${log.path}.1`);
  assert.equal(early.code, 0, early.out.join('\n'));
  assert.ok(early.out.includes('end     not attested'));
  // A name that leads to the current file is the current file.
  renameSync(log.path, join(log.folder, 'log', 'audit.9.jsonl'));
  symlinkSync('audit.9.jsonl', log.path);
  assert.equal((await run(log, `${log.path}.1`)).code, 0);
  const both = await run(log, `${log.path}.1`, join(log.folder, 'log', 'audit.9.jsonl'));
  assert.match(both.out.find(line => line.startsWith('end')) ?? '', /attested/);
  rmSync(log.path);
  rmSync(join(log.folder, 'log', 'audit.9.jsonl'));
  assert.equal((await run(log, `${log.path}.1`)).code, 1, 'gone, it is missed');
});

test('the .epochs file beside the files leads to a late one, and knows of an end cut off', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-beside-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const at = (name: string): string => join(folder, name);
  const keys = [0, 1, 2].map(n => testSigner(`epoch ${n}`)) as [Signer, Signer, Signer];
  type Signer = ReturnType<typeof testSigner>;
  const log = new AuditBuilder('host/crm-agent/0123456789abcdef', keys[0]).started().decision('a').checkpoint();
  log.turnEpoch(keys[1]).decision('b').checkpoint().turnEpoch(keys[2]).decision('c').checkpoint();
  for (const [i, lines] of log.files.entries())
    writeFileSync(at(i === 2 ? 'audit.jsonl' : `audit.${i}.jsonl`), fileOf(lines));
  const args = ['--key', toBase64(keys[0].publicKey)];
  const all = ['audit.0.jsonl', 'audit.1.jsonl', 'audit.jsonl'].map(at);
  assert.equal((await runCommand(verify, [...args, ...all])).code, 0);
  const alone = await runCommand(verify, [...args, at('audit.jsonl')]);
  assert.equal(alone.code, 2);
  assert.match(alone.out[0] as string, /wrong_key: .* the `\.epochs` file would/);
  writeFileSync(at('audit.jsonl.epochs'), fileOf(log.epochs));
  appendFileSync(at('audit.jsonl.epochs'), 'spoilt\n');
  const led = await runCommand(verify, [...args, at('audit.jsonl')]);
  assert.equal(led.code, 0, led.out.join('\n'));
  assert.match(led.out.find(line => line.startsWith('end')) ?? '', /attested up to \d+ by the `\.epochs` file/);
  // Several keys, one of them another log's: the one that fits serves.
  mkdirSync(at('config/trust/log'), { recursive: true });
  for (const [i, key] of [testSigner('other'), keys[0]].entries())
    writeFileSync(at(`config/trust/log/${i}.pub`), `${toBase64(key.publicKey)}\n`);
  const env = { CHECKRD_CONFIG_DIR: at('config') };
  assert.equal((await runCommand(verify, all, { env })).code, 0);
  const two = ['--key', toBase64(testSigner('other').publicKey), ...args];
  assert.equal((await runCommand(verify, [...two, ...all])).code, 0);
  rmSync(at('audit.jsonl'));
  const cut = await runCommand(verify, [...args, ...all.slice(0, 2)]);
  assert.equal(cut.code, 1);
  assert.match(
    cut.out[0] as string,
    /^truncated: the log ends at \d+ records, and its `\.epochs` file holds record \d+/,
  );
});

test('one byte in 500 of a sealed log, through the command', async t => {
  const log = lab(t);
  log.live(opened => {
    for (const n of [2, 1]) {
      renameSync(log.path, `${log.path}.${n}`);
      opened.reopen();
      appendMany(opened, 3, 20 * n);
    }
  });
  const files = log.files();
  assert.equal(files.length, 3);
  assert.equal((await run(log)).code, 0);
  for (const file of files) {
    const whole = readFileSync(file);
    for (let at = 7; at < whole.length - 1; at += 500) {
      const altered = Buffer.from(whole);
      altered[at] = (whole[at] as number) ^ 1;
      writeFileSync(file, altered);
      const line = whole.subarray(0, at).filter(byte => byte === 10).length + 1;
      const { code, out } = await run(log);
      assert.equal(code, 1);
      assert.ok(out[0]?.startsWith(`${file}:${line}: `), `byte ${at} of ${file}: ${out[0]}`);
    }
    writeFileSync(file, whole);
  }
});
