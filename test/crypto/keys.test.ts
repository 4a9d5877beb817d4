// T-33, T-34 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { toBase64 } from '#src/core/bytes.js';
import { generateSeed, signerFromSeed } from '#src/crypto/ed25519.js';
import { parsePublicKey, readKeyFile, readPublicKey, writeKeyFile, writePublicKeyFile } from '#src/crypto/keys.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-keys-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
const at = (name: string): string => join(folder, name);

test('a key written is the key read, with mode 0600, one line', () => {
  const seed = generateSeed();
  writeKeyFile(at('a.key'), seed);
  assert.equal(statSync(at('a.key')).mode & 0o7777, 0o600);
  assert.equal(readFileSync(at('a.key'), 'utf8'), `${toBase64(seed)}\n`);
  assert.deepEqual(readKeyFile(at('a.key')).publicKey, signerFromSeed(seed).publicKey);
  assert.throws(() => writeKeyFile(at('a.key'), generateSeed()), { code: 'key_file_exists' });
  assert.equal(readFileSync(at('a.key'), 'utf8'), `${toBase64(seed)}\n`);
});

test('a dangling link is not written through', () => {
  symlinkSync(at('elsewhere'), at('link.key'));
  assert.throws(() => writeKeyFile(at('link.key'), generateSeed()), { code: 'key_file_exists' });
  assert.throws(() => statSync(at('elsewhere')));
});

test('a missing directory is named', () => {
  assert.throws(() => writeKeyFile(at('none/a.key'), generateSeed()), {
    code: 'key_file_unwritable',
    message: /ENOENT/,
  });
});

for (const mode of [0o640, 0o604, 0o660, 0o602, 0o610, 0o644]) {
  test(`mode ${mode.toString(8)} is refused with path, mode and command`, () => {
    const path = at(`exposed-${mode.toString(8)}.key`);
    writeKeyFile(path, generateSeed());
    chmodSync(path, mode);
    assert.throws(
      () => readKeyFile(path),
      (error: Error & { code?: string }) =>
        error.code === 'key_file_exposed' &&
        error.message.includes(path) &&
        error.message.includes(`0${mode.toString(8)}`) &&
        error.message.includes(`chmod 600 '${path}'`),
    );
    assert.ok(readKeyFile(path, { allowExposed: true }));
  });
}

test('a key of another user is refused', {
  skip: process.geteuid?.() === 0 ? false : 'needs root to give a file away',
}, t => {
  const path = at('theirs.key');
  writeKeyFile(path, generateSeed());
  chownSync(path, 12345, 12345);
  const seteuid = process.seteuid;
  assert.ok(seteuid);
  t.after(() => seteuid.call(process, 0));
  assert.throws(() => readKeyFile(path), { code: 'key_file_owner' });
});

test('PKCS#8 PEM is read; other keys and other files are not', () => {
  const ed = generateKeyPairSync('ed25519');
  writeFileSync(at('ed.pem'), ed.privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  const spki = ed.publicKey.export({ format: 'der', type: 'spki' });
  assert.deepEqual(Buffer.from(readKeyFile(at('ed.pem')).publicKey), spki.subarray(-32));
  const x = generateKeyPairSync('x25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
  const key = toBase64(generateSeed());
  const wrong = [
    x,
    '',
    '\n',
    key.slice(4),
    ` ${key}`,
    `${key}\n\n`,
    `${key}\r\n`,
    `${key}\nmore`,
    'ÿ',
    key.replace('=', ''),
  ];
  for (const [i, text] of wrong.entries()) {
    writeFileSync(at(`wrong-${i}`), text, { mode: 0o600 });
    assert.throws(() => readKeyFile(at(`wrong-${i}`)), { code: 'key_file_invalid' }, String(text));
  }
  writeFileSync(at('large'), 'A'.repeat(5000), { mode: 0o600 });
  assert.throws(() => readKeyFile(at('large')), { code: 'key_file_unreadable' });
  mkdirSync(at('folder'));
  assert.throws(() => readKeyFile(at('folder')), { code: 'key_file_unreadable' });
  assert.throws(() => readKeyFile(at('absent')), { code: 'key_file_unreadable', message: /ENOENT/ });
});

test('a public key is its text or the path of its file', () => {
  const { publicKey } = signerFromSeed(generateSeed());
  writePublicKeyFile(at('a.pub'), publicKey);
  assert.deepEqual(readPublicKey(at('a.pub')), publicKey);
  assert.deepEqual(readPublicKey(toBase64(publicKey)), publicKey);
  writeFileSync(at('bad.pub'), 'hello\n');
  assert.throws(() => readPublicKey(at('bad.pub')), { code: 'public_key_invalid' });
  assert.throws(() => readPublicKey('no such file'), { code: 'key_file_unreadable' });
});

test('points that anybody can sign for are no public keys', () => {
  const weak = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ];
  for (const hex of weak) assert.equal(parsePublicKey(Buffer.from(hex, 'hex').toString('base64')), null, hex);
});
