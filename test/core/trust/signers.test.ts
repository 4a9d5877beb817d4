// T-76 of THREAT-MODEL.md: an envelope that enough trusted keys did not sign, or that was changed since, admits nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8, toHex, utf8 } from '#src/core/bytes.js';
import { readEnvelope, signedBytes } from '#src/core/trust/dsse.js';
import { admitEnvelope, type EnvelopeRefusal } from '#src/core/trust/signers.js';
import { ed25519Verify } from '#src/crypto/ed25519.js';
import { portableVerify } from '#src/crypto/portable-ed25519.js';
import { envelopeBy, testKey } from '../../support/signing-keys.js';

const TYPE = 'application/vnd.checkrd.policy+json';
const ann = testKey(1);
const bob = testKey(2);
const eve = testKey(3);
const PAYLOAD = '{"a":1}';
const signed = envelopeBy([ann], TYPE, PAYLOAD);

test('the bytes that are signed are those of the specification', () => {
  assert.equal(
    fromUtf8(signedBytes('http://example.com/HelloWorld', utf8('hello world'))),
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
  // Lengths are bytes, not characters.
  assert.equal(toHex(signedBytes('é', utf8('ü'))), toHex(utf8('DSSEv1 2 é 2 ü')));
});

test("the specification's own envelope, signed with Ed25519, is admitted", () => {
  const type = 'http://example.com/HelloWorld';
  const text = envelopeBy([ann, bob], type, 'hello world');
  assert.match(text, /"payload": "aGVsbG8gd29ybGQ="/);
  for (const verify of [ed25519Verify, portableVerify]) {
    const got = admitEnvelope(utf8(text), type, [bob, ann], 2, verify);
    assert.deepEqual(got.ok && [fromUtf8(got.payload), got.keyIds], ['hello world', [ann.keyId, bob.keyId]]);
  }
});

function change(edit: (envelope: { payload: string; signatures: Record<string, string>[] }) => object): string {
  return JSON.stringify(edit(JSON.parse(signed)));
}

const first = { sig: JSON.parse(signed).signatures[0].sig as string, keyid: ann.keyId };

const REFUSED: readonly (readonly [what: string, text: string, why: EnvelopeRefusal, threshold?: number])[] = [
  ['an unknown key', envelopeBy([eve], TYPE, PAYLOAD), 'threshold_not_met'],
  ['one of two', signed, 'threshold_not_met', 2],
  ['one key, signed twice', envelopeBy([ann, ann], TYPE, PAYLOAD), 'threshold_not_met', 2],
  ['one trusted, one unknown', envelopeBy([ann, eve], TYPE, PAYLOAD), 'threshold_not_met', 2],
  ['a threshold of 0', signed, 'threshold_not_met', 0],
  ['a threshold that is no number', signed, 'threshold_not_met', Number.NaN],
  ['another payload type', envelopeBy([ann], 'application/vnd.checkrd.release+json', PAYLOAD), 'wrong_type'],
  [
    'the type changed after signing',
    envelopeBy([ann], 'text/plain', PAYLOAD).replace('text/plain', TYPE),
    'bad_signature',
  ],
  ['a changed payload', change(e => ({ ...e, payload: 'eyJhIjoyfQ==' })), 'bad_signature'],
  [
    "an unknown key under a trusted one's ID",
    envelopeBy([eve], TYPE, PAYLOAD).replace(eve.keyId, ann.keyId),
    'bad_signature',
  ],
  [
    'one good, one bad of trusted keys',
    change(e => ({ ...e, signatures: [first, { ...first, keyid: bob.keyId }] })),
    'bad_signature',
  ],
  ['no signatures', change(e => ({ ...e, signatures: [] })), 'malformed'],
  ['a member more', change(e => ({ ...e, extra: 1 })), 'malformed'],
  ['a member less', change(({ signatures }) => ({ signatures, payloadType: TYPE })), 'malformed'],
  ['a signature with a member more', change(e => ({ ...e, signatures: [{ ...first, cert: '' }] })), 'malformed'],
  ['no key ID', change(e => ({ ...e, signatures: [{ sig: first.sig }] })), 'malformed'],
  [
    'a key ID in capitals',
    change(e => ({ ...e, signatures: [{ ...first, keyid: first.keyid.toUpperCase() }] })),
    'malformed',
  ],
  ['a payload without padding', signed.replace('eyJhIjoxfQ==', 'eyJhIjoxfQ'), 'malformed'],
  ['a payload with unused bits set', signed.replace('eyJhIjoxfQ==', 'eyJhIjoxfR=='), 'malformed'],
  ['a payload in the URL alphabet', signed.replace('eyJhIjoxfQ==', '_-8='), 'malformed'],
  [
    'a signature of 63 bytes',
    change(e => ({ ...e, signatures: [{ ...first, sig: Buffer.alloc(63).toString('base64') }] })),
    'malformed',
  ],
  ['a payload given twice', signed.replace('{', '{"payload": "eyJhIjoxfQ==",'), 'malformed'],
  ['a mark in front', `\u{feff}${signed}`, 'malformed'],
  [
    '65 signatures',
    envelopeBy(
      Array.from({ length: 65 }, () => ann),
      TYPE,
      PAYLOAD,
    ),
    'malformed',
  ],
  ['more than 64 KiB', signed + ' '.repeat(64 * 1024), 'malformed'],
  ['nothing', '', 'malformed'],
];

test('what is not signed as it must be is refused', () => {
  for (const [what, text, why, threshold = 1] of REFUSED) {
    const got = admitEnvelope(utf8(text), TYPE, [ann, bob], threshold, ed25519Verify);
    assert.equal(got.ok ? 'admitted' : got.why, why, what);
  }
  const none = admitEnvelope(utf8(signed), TYPE, [], 1, ed25519Verify);
  assert.equal(!none.ok && none.why, 'no_signers');
});

test('no byte of an envelope can be flipped so that it says something else', () => {
  const bytes = utf8(signed);
  for (let i = 0; i < bytes.length; i++) {
    for (const bit of [1, 4, 32]) {
      const changed = Uint8Array.from(bytes);
      changed[i] = (changed[i] ?? 0) ^ bit;
      const got = admitEnvelope(changed, TYPE, [ann], 1, ed25519Verify);
      // White space, and one control for another, may change; what is signed may not.
      if (got.ok) assert.equal(fromUtf8(got.payload), PAYLOAD);
      else assert.ok(got.detail.length > 0 && !got.detail.includes('eyJ'));
    }
  }
});

test('two keys that share an ID are two, and one key under two names is one', () => {
  const twin = { ...bob, keyId: ann.keyId };
  const text = envelopeBy([ann, twin], TYPE, PAYLOAD);
  const both = admitEnvelope(utf8(text), TYPE, [ann, twin], 2, ed25519Verify);
  assert.equal(both.ok, true);
  const alias = admitEnvelope(utf8(envelopeBy([ann, ann], TYPE, PAYLOAD)), TYPE, [ann, { ...ann }], 2, ed25519Verify);
  assert.equal(alias.ok, false);
});

test('readEnvelope gives back what was written', () => {
  const read = readEnvelope(utf8(signed));
  assert.equal(read.ok && read.envelope.signatures.length, 1);
});
