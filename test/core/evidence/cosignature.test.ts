import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signCheckpoint } from '#src/core/audit/note.js';
import { fromHex, toBase64 } from '#src/core/bytes.js';
import { cosigned, parseVkey, readWitnessed, witnessVkey } from '#src/core/evidence/cosignature.js';
import { ed25519Verify, signerFromSeed } from '#src/crypto/ed25519.js';
import { sha256 } from '#src/crypto/sha256.js';
import { testSigner } from '../../support/audit-builder.js';
import { headerOf } from '../../support/header.js';

const seed = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60') ?? new Uint8Array(0);
const signer = signerFromSeed(seed);
const witness = { name: 'witness.example/w1', publicKey: signer.publicKey };
const log = testSigner('log');
const checkpoint = { origin: 'host/agent/0123456789abcdef', size: 7, root: sha256(new Uint8Array(0)) };
const note = signCheckpoint(sha256, log.sign, log.publicKey, checkpoint);
const AT = 1_800_000_000;
const both = cosigned(sha256, signer.sign, witness, note, AT) ?? '';
const read = (text: string, who = witness) => readWitnessed(sha256, ed25519Verify, text, [who]);

test('the bytes in the header are the bytes computed', () => {
  assert.ok(headerOf('src/core/evidence/cosignature.ts').includes(witnessVkey(sha256, witness)));
});

test('a cosigned note says what was seen, by whom and when', () => {
  assert.deepEqual(read(both), { ok: true, head: { ...checkpoint, witness, atSeconds: AT } });
  assert.deepEqual(read(note), { ok: false, why: 'no_witness' });
  assert.deepEqual(read(both, { ...witness, name: 'witness.example/w2' }), { ok: false, why: 'no_witness' });
  assert.deepEqual(read(both, { ...witness, publicKey: log.publicKey }), { ok: false, why: 'no_witness' });
  assert.deepEqual(read('x'), { ok: false, why: 'malformed_note' });
  // The key is in the name's hash, the time in the signed bytes: as if the note had been signed directly, it must not pass.
  assert.deepEqual(read(signCheckpoint(sha256, signer.sign, signer.publicKey, checkpoint)), {
    ok: false,
    why: 'no_witness',
  });
});

test('signing again replaces its own line and no other', () => {
  const later = cosigned(sha256, signer.sign, witness, both, AT + 60) ?? '';
  assert.equal(later.split('\n').length, both.split('\n').length);
  const answer = read(later);
  assert.ok(answer.ok && answer.head.atSeconds === AT + 60);
  const second = { name: 'witness.example/w2', publicKey: log.publicKey };
  const three = cosigned(sha256, log.sign, second, later, AT) ?? '';
  assert.ok(read(three).ok && read(three, second).ok);
});

test('every change of one byte is refused', () => {
  const bytes = Buffer.from(both);
  const logLine = [both.indexOf('— host'), both.indexOf('— witness')].map(at => Buffer.byteLength(both.slice(0, at)));
  for (let at = 0; at < bytes.length; at++) {
    // The log's own line is not the witness's business.
    if (at >= (logLine[0] as number) && at < (logLine[1] as number)) continue;
    for (const change of [1, 2, 0x20, 0x80]) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] as number) ^ change;
      assert.equal(read(altered.toString('utf8')).ok, false, `byte ${at} ^ ${change}`);
    }
  }
});

test('a vkey is read back, and every other spelling of it refused', () => {
  const vkey = witnessVkey(sha256, witness);
  assert.deepEqual(parseVkey(sha256, `${vkey}\n`), witness);
  assert.equal(parseVkey(sha256, vkey.replace('w1', 'w2')), null);
  assert.equal(parseVkey(sha256, vkey.toUpperCase()), null);
  assert.equal(parseVkey(sha256, `${vkey}=`), null);
  assert.equal(parseVkey(sha256, toBase64(signer.publicKey)), null);
  for (let n = 0; n < 40; n++) {
    // Base64 of some keys holds a `+`, which also parts the vkey.
    const other = { name: 'w', publicKey: testSigner(`vkey ${n}`).publicKey };
    assert.deepEqual(parseVkey(sha256, witnessVkey(sha256, other)), other);
  }
});
