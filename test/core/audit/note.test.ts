import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyId } from '#src/core/audit/key-id.js';
import { parseNote, signCheckpoint, verifyCheckpointNote } from '#src/core/audit/note.js';
import { fromHex, toHex } from '#src/core/bytes.js';
import { ed25519Verify, signerFromSeed } from '#src/crypto/ed25519.js';
import { sha256 } from '#src/crypto/sha256.js';
import { headerOf } from '../../support/header.js';

const origin = 'host/agent/0123456789abcdef';
const seed = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array(0);
const signer = signerFromSeed(seed('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'));
const other = signerFromSeed(seed('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'));
const empty = { origin, size: 0, root: sha256(new Uint8Array(0)) };
const note = signCheckpoint(sha256, signer.sign, signer.publicKey, empty);
const check = (text: string, key = signer.publicKey, name = origin) =>
  verifyCheckpointNote(sha256, ed25519Verify, text, name, key);

test('the bytes in the headers are the bytes computed', () => {
  const shown = note.split('\n').map(line => (line === '' ? '' : `  ${line}`));
  assert.ok(headerOf('src/core/audit/note.ts').includes(shown.join('\n')));
  const header = headerOf('src/core/audit/key-id.ts');
  assert.ok(header.includes(toHex(signer.publicKey)));
  assert.ok(header.includes(`→ ${keyId(sha256, signer.publicKey)}`));
});

test('a note says what was signed', () => {
  assert.deepEqual(check(note), { ok: true, checkpoint: empty });
});

test('every change of one byte is refused', () => {
  const bytes = Buffer.from(note);
  for (let at = 0; at < bytes.length; at++) {
    for (const change of [1, 2, 0x20, 0x80]) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] as number) ^ change;
      assert.equal(check(altered.toString('utf8')).ok, false, `byte ${at} ^ ${change}`);
    }
  }
});

test('every substring and every doubled byte is refused', () => {
  for (let at = 0; at < note.length; at++) {
    assert.equal(check(note.slice(0, at)).ok, false, `first ${at}`);
    assert.equal(check(note.slice(at + 1)).ok, false, `from ${at + 1}`);
    const doubled = note.slice(0, at + 1) + note.slice(at);
    assert.equal(check(doubled).ok, false, `doubled ${at}`);
  }
});

test('refusals are told apart', () => {
  assert.deepEqual(check(note, other.publicKey), { ok: false, reason: 'other_key' });
  assert.deepEqual(check(note, signer.publicKey, 'host/other/0123456789abcdef'), { ok: false, reason: 'other_origin' });
  assert.deepEqual(check(note.replace('\n0\n', '\n1\n')), { ok: false, reason: 'bad_signature' });
  assert.deepEqual(check(note.replace('\n0\n', '\n00\n')), { ok: false, reason: 'malformed' });
  const extended = note.replace('=\n\n', '=\nmore\n\n');
  assert.deepEqual(check(extended), { ok: false, reason: 'malformed' });
});

test('a signature of an unknown key is passed over, a second bad one of ours is not', () => {
  const theirs = signCheckpoint(sha256, other.sign, other.publicKey, empty).split('\n').at(-2);
  assert.equal(check(`${note}${theirs}\n`).ok, true);
  const forged = signCheckpoint(sha256, other.sign, signer.publicKey, empty).split('\n').at(-2);
  assert.deepEqual(check(`${note}${forged}\n`), { ok: false, reason: 'bad_signature' });
});

test('forms that are no signed note', () => {
  const line = note.split('\n').at(-2) ?? '';
  const refused = [
    '',
    '\n\n',
    note.slice(0, -1),
    note.replace('— ', '- '),
    note.replace('— ', '—  '),
    note.replace('\n0\n', '\n0\r\n'),
    note.replace('\n0\n', '\n0\t\n'),
    `${note}\n`,
    `${note}— name\n`,
    `${note}— a+b AAAAAAAA\n`,
    note + `${line}\n`.repeat(64),
  ];
  for (const text of refused) assert.equal(parseNote(text), null, JSON.stringify(text.slice(0, 200)));
});
