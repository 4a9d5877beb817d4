import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogState, parseState, stateText } from '#src/core/audit/state.js';
import { ed25519Verify, signerFromSeed } from '#src/crypto/ed25519.js';

const { publicKey, sign } = signerFromSeed(new Uint8Array(32).fill(7));
const state: LogState = {
  log: 'h/a/0123456789abcdef',
  size: 3,
  head: 'a'.repeat(64),
  frontier: { size: 3, roots: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] },
  epoch: 0,
  segment: 1,
  offset: 812,
  file: '2049:131072',
  closed: false,
};
const text = stateText(sign, state);

test('what is written is read', () => {
  assert.deepEqual(parseState(ed25519Verify, publicKey, text), state);
});

test('any changed byte, any cut and another key are refused', () => {
  for (let at = 0; at < text.length; at += 1) {
    const changed = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
    assert.equal(parseState(ed25519Verify, publicKey, changed), null, `byte ${at}`);
    assert.equal(parseState(ed25519Verify, publicKey, text.slice(0, at)), null, `cut at ${at}`);
  }
  assert.equal(parseState(ed25519Verify, signerFromSeed(new Uint8Array(32)).publicKey, text), null);
});

test('a signed state with a frontier of another size is refused', () => {
  assert.equal(parseState(ed25519Verify, publicKey, stateText(sign, { ...state, size: 4 })), null);
});
