import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ed25519Implementation, ed25519SelfTest, ensureEd25519, IMPLEMENTATIONS } from '#src/crypto/ed25519.js';
import { LocalIdentity } from '#src/crypto/identity.js';
import { vectorJson, vectorsMissing } from '../support/vectors.js';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** RFC 8032 §7.1: tests 1, 2, 3 and SHA(abc). */
const RFC8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    key: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
];

interface Wycheproof {
  testGroups: {
    publicKey: { pk: string };
    tests: { tcId: number; msg: string; sig: string; result: 'valid' | 'invalid' | 'acceptable' }[];
  }[];
}

for (const { name, signer, verify } of IMPLEMENTATIONS) {
  test(`${name}: RFC 8032 §7.1`, () => {
    for (const v of RFC8032) {
      const made = signer(hex(v.seed));
      assert.equal(Buffer.from(made.publicKey).toString('hex'), v.key);
      assert.equal(Buffer.from(made.sign(hex(v.message))).toString('hex'), v.signature);
      assert.equal(verify(hex(v.key), hex(v.message), hex(v.signature)), true);
      assert.equal(verify(hex(v.key), hex(`${v.message}00`), hex(v.signature)), false);
    }
  });

  test(`${name}: Wycheproof`, { skip: vectorsMissing('ed25519') }, () => {
    const suite = vectorJson('ed25519/wycheproof-ed25519.json') as Wycheproof;
    let count = 0;
    for (const group of suite.testGroups)
      for (const t of group.tests) {
        count++;
        const got = verify(hex(group.publicKey.pk), hex(t.msg), hex(t.sig));
        assert.equal(got, t.result === 'valid', `case ${t.tcId}`);
      }
    assert.equal(count, 151);
  });

  test(`${name}: malformed input is false, not an exception`, () => {
    const [v] = RFC8032;
    assert.ok(v);
    for (const length of [0, 31, 33]) assert.equal(verify(new Uint8Array(length), hex(''), hex(v.signature)), false);
    for (const length of [0, 63, 65]) assert.equal(verify(hex(v.key), hex(''), new Uint8Array(length)), false);
  });
}

test('the self-test passes, and names an implementation that lies', () => {
  ed25519SelfTest();
  const [first, second] = IMPLEMENTATIONS;
  assert.ok(first && second);
  const lies = [
    { ...second, verify: () => true },
    { ...second, verify: () => false },
    { ...second, signer: () => first.signer(new Uint8Array(32)) },
  ];
  for (const liar of lies) {
    assert.throws(() => ed25519SelfTest([first, liar]), { code: 'crypto_self_test', message: /@noble\/ed25519/ });
  }
});

test('what has passed the self-test once in this process is not tried again', () => {
  ensureEd25519();
  const tried = IMPLEMENTATIONS as Ed25519Implementation[];
  const [first] = tried;
  assert.ok(first);
  tried.push({ ...first, name: 'liar', verify: () => true });
  try {
    assert.throws(() => ed25519SelfTest(), { code: 'crypto_self_test' });
    ensureEd25519();
  } finally {
    tried.pop();
  }
});

test('an identity signs and shows no secret', () => {
  const identity = LocalIdentity.generate();
  const message = hex('616263');
  const key = Uint8Array.from(Buffer.from(identity.publicKey, 'base64'));
  for (const { verify } of IMPLEMENTATIONS) assert.equal(verify(key, message, identity.sign(message)), true);
  assert.match(identity.keyId, /^[0-9a-f]{16}$/);
  assert.deepEqual(Object.keys(identity), []);
});
