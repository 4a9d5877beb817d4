// T-67 and T-107 of THREAT-MODEL.md.
/** Promise: an identity says whose log it is, and a false word for it is found; it signs nothing else of the log. */
import assert from 'node:assert/strict';
import { createPublicKey, verify as edVerify } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { identityFrom } from '#src/agent/identity.js';
import { Checkrd } from '#src/checkrd.js';
import { verify } from '#src/cli/verify.js';
import { LocalIdentity } from '#src/crypto/identity.js';
import { appendMany, type Place, place } from '../../support/audit-log.js';
import { runCommand } from '../../support/cli-command.js';
import { Home } from '../../support/home.js';
import { type Line, readWhole } from '../../support/read-log.js';

const alice = LocalIdentity.generate();
const bob = LocalIdentity.generate();

function endorsedLog(t: TestContext, identity: LocalIdentity | null): Place {
  const at = place(t);
  const log = at.open({ identity });
  appendMany(log, 3);
  renameSync(at.path, `${at.path}.1`);
  log.reopen();
  appendMany(log, 3);
  log.close();
  return at;
}

async function verified(at: Place, files: readonly string[], ...more: string[]) {
  const run = await runCommand(verify, ['--json', '--key', join(at.folder, 'keys', 'origin.pub'), ...more, ...files]);
  const [log] = (JSON.parse(run.out.join('')) as { logs: { endorsed: unknown; findings: { code: string }[] }[] }).logs;
  return { code: run.code, endorsed: log?.endorsed, findings: log?.findings.map(({ code }) => code) };
}

test('the signature is over origin and key, as the format says, and nothing else is by the identity', t => {
  const at = endorsedLog(t, alice);
  const records = readWhole(`${at.path}.1`, at.path);
  const [first] = records as [Line];
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(alice.publicKey, 'base64')]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  const text = `checkrd-endorse-v1\n${first.log}\n${first.public_key}\n`;
  assert.ok(edVerify(null, Buffer.from(text), key, Buffer.from(first.endorsement as string, 'base64')));
  assert.equal(first.endorsed_by, alice.keyId);
  assert.ok(records.every(record => record.key_id !== alice.keyId));
});

test('verify: said without --identity, proven with the right one, doubted with another, refused when it is false', async t => {
  const at = endorsedLog(t, alice);
  const files = [`${at.path}.1`, at.path];
  const by = alice.keyId;
  assert.deepEqual(await verified(at, files), { code: 0, endorsed: { by, proven: false }, findings: [] });
  const proven = { code: 0, endorsed: { by, proven: true }, findings: [] };
  assert.deepEqual(await verified(at, files, '--identity', alice.publicKey), proven);
  assert.deepEqual(
    await verified(at, files, '--identity', bob.publicKey, '--identity', alice.publicKey),
    proven,
    'one of several',
  );
  const other = await verified(at, files, '--identity', bob.publicKey);
  assert.deepEqual([other.code, other.findings], [2, ['wrong_key']]);
  const late = await verified(at, [at.path], '--identity', alice.publicKey);
  assert.equal(late.code, 2, 'the first record was not given');
  const nobody = endorsedLog(t, null);
  const unsaid = await verified(nobody, [`${nobody.path}.1`, nobody.path], '--identity', alice.publicKey);
  assert.deepEqual([unsaid.code, unsaid.endorsed, unsaid.findings], [2, null, ['wrong_key']]);
});

test("a log that claims alice and was signed by bob, or that carries alice's word for another log: tampered", async t => {
  const forged = { keyId: alice.keyId, sign: (bytes: Uint8Array) => bob.sign(bytes) };
  const elsewhere = Buffer.from('checkrd-endorse-v1\nhost/other/0123456789abcdef\nAAAA\n');
  const replayed = { keyId: alice.keyId, sign: () => alice.sign(elsewhere) };
  for (const identity of [forged, replayed]) {
    const at = place(t);
    const log = at.open({ identity });
    appendMany(log, 2);
    log.close();
    const run = await verified(at, [at.path], '--identity', alice.publicKey);
    assert.deepEqual([run.code, run.findings], [1, ['bad_signature']]);
  }
});

test('CHECKRD_AGENT_KEY: endorses, is taken out of the environment, and serves every log of the process', async t => {
  const home = new Home({ 'policy.yaml': 'default: allow\nrules: []\n' });
  t.after(() => home.remove());
  const seed = Buffer.alloc(32, 9).toString('base64');
  writeFileSync(home.path('seed'), `${seed}\n`, { mode: 0o600 });
  const identity = LocalIdentity.fromFile(home.path('seed'));
  process.env.CHECKRD_AGENT_KEY = 'no key';
  assert.throws(() => new Checkrd({ agentId: 'one', configDir: home.dir }), {
    name: 'CheckrdInitError',
    code: 'key_file_invalid',
    message: /CHECKRD_AGENT_KEY/,
  });
  process.env.CHECKRD_AGENT_KEY = seed;
  for (const agentId of ['one', 'two']) {
    await new Checkrd({ agentId, configDir: home.dir }).close();
    assert.equal(process.env.CHECKRD_AGENT_KEY, undefined);
    assert.equal(home.records(agentId)[0]?.endorsed_by, identity.keyId);
    const log = home.path('audit', `${agentId}.jsonl`);
    assert.ok(!readFileSync(log, 'utf8').includes(seed));
  }
});

test("systemd's credential comes before CHECKRD_AGENT_KEY; one that is there and cannot be used is never taken for none", t => {
  const home = new Home({});
  t.after(() => home.remove());
  const seedOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
  const keyIdOf = (byte: number): string | undefined => LocalIdentity.fromText(seedOf(byte))?.keyId;
  const folder = home.path('credentials');
  const path = join(folder, 'checkrd.agent-key');
  mkdirSync(folder);
  const env = (): Record<string, string> => ({ CREDENTIALS_DIRECTORY: folder, CHECKRD_AGENT_KEY: seedOf(1) });
  const refused = (code: string): void => {
    const given = env();
    assert.throws(() => identityFrom(given), { code });
    assert.equal(given.CHECKRD_AGENT_KEY, undefined);
  };
  assert.equal(identityFrom(env())?.keyId, keyIdOf(1), 'no such credential: the variable');
  writeFileSync(path, seedOf(2), { mode: 0o400 });
  const given = env();
  assert.equal(identityFrom(given)?.keyId, keyIdOf(2));
  assert.equal(given.CHECKRD_AGENT_KEY, undefined, 'it is taken out all the same');
  for (const mode of [0o404, 0o420, 0o402]) {
    chmodSync(path, mode);
    refused('key_file_exposed');
  }
  chmodSync(path, 0o600);
  writeFileSync(path, 'no key');
  refused('key_file_invalid');
  rmSync(path);
  symlinkSync('nowhere', path);
  refused('key_file_unreadable');
  if (process.getuid?.() !== 0) return;
  // As systemd leaves it where it opens it to our user by an access list; the mask stands in place of the group's rights.
  rmSync(path);
  writeFileSync(path, seedOf(3));
  chmodSync(path, 0o440);
  assert.equal(identityFrom(env())?.keyId, keyIdOf(3));
  chownSync(path, 0, 12345);
  refused('key_file_exposed');
});
