/**
 * Ed25519 (RFC 8032, pure) by node:crypto, and the start-up check that it agrees with the portable implementation.
 *
 * In: raw bytes (public key 32, seed 32, signature 64). Out: signatures and yes or no. Reads no files.
 * Key objects are made once for each key: with one at hand a signature takes 50 µs, from PEM each time 700.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { sameBytes, toBase64 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import type { Ed25519Sign, Ed25519Verify } from '../core/ports.js';
import { hashWith, PUBLIC_KEY_BYTES, portableSigner, portableVerify } from './portable-ed25519.js';

export { PUBLIC_KEY_BYTES };
export const SEED_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** DER up to the key's own bytes (RFC 8410 §4 and §7). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

hashWith(message => new Uint8Array(createHash('sha512').update(message).digest()));

/** One secret key, usable and not readable. */
export interface Signer {
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;
  readonly sign: Ed25519Sign;
}

/** 32 bytes of the system's randomness. */
export function generateSeed(): Uint8Array {
  return new Uint8Array(randomBytes(SEED_BYTES));
}

/** The signer of a 32-byte seed (RFC 8032 §5.1.5). The seed is copied into OpenSSL; the caller may overwrite its own. */
export function signerFromSeed(seed: Uint8Array): Signer {
  if (seed.length !== SEED_BYTES) throw new Fault('internal', { what: `an Ed25519 seed of ${seed.length} bytes` });
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return signerFromKeyObject(key);
}

/** The signer of a private `key` that is known to be Ed25519. */
export function signerFromKeyObject(key: KeyObject): Signer {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const publicKey = new Uint8Array(der.subarray(SPKI_PREFIX.length));
  return { publicKey, sign: message => new Uint8Array(sign(null, message, key)) };
}

/** Keys pinned and rotated are few; the bound keeps a hostile log of many keys from filling memory. */
const MAX_CACHED_KEYS = 64;
const keyObjects = new Map<string, KeyObject>();

/** @see Ed25519Verify */
export const ed25519Verify: Ed25519Verify = (publicKey, message, signature) => {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  try {
    return verify(null, message, publicKeyObject(publicKey), signature);
  } catch {
    return false;
  }
};

function publicKeyObject(publicKey: Uint8Array): KeyObject {
  const name = toBase64(publicKey);
  const known = keyObjects.get(name);
  if (known) return known;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
  if (keyObjects.size >= MAX_CACHED_KEYS) keyObjects.clear();
  keyObjects.set(name, key);
  return key;
}

/** RFC 8032 §7.1, test 2: one-byte message. */
const KNOWN = {
  seed: Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex'),
  publicKey: Buffer.from('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', 'hex'),
  message: Buffer.of(0x72),
  signature: Buffer.from(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    'hex',
  ),
};

/** What the self-test tries; the parameter exists so that a test can hand in one that lies. */
export interface Ed25519Implementation {
  readonly name: string;
  readonly signer: (seed: Uint8Array) => Signer;
  readonly verify: Ed25519Verify;
}

export const IMPLEMENTATIONS: readonly Ed25519Implementation[] = [
  { name: 'node:crypto', signer: signerFromSeed, verify: ed25519Verify },
  { name: '@noble/ed25519', signer: portableSigner, verify: portableVerify },
];

let passed = false;

/**
 * The self-test of the implementations in use: once a process, since neither can change afterwards. A failure is tried again.
 *
 * @throws Fault `crypto_self_test` naming the implementation that is wrong.
 */
export function ensureEd25519(): void {
  if (passed) return;
  ed25519SelfTest();
  passed = true;
}

/**
 * Makes every implementation sign and verify one known answer. Run once before anything is signed.
 *
 * @throws Fault `crypto_self_test` naming the implementation that is wrong.
 */
export function ed25519SelfTest(implementations: readonly Ed25519Implementation[] = IMPLEMENTATIONS): void {
  const altered = Uint8Array.from(KNOWN.signature);
  altered[0] = (altered[0] ?? 0) ^ 1;
  for (const { name, signer, verify: check } of implementations) {
    const { publicKey, sign: make } = signer(KNOWN.seed);
    const right =
      sameBytes(publicKey, KNOWN.publicKey) &&
      sameBytes(make(KNOWN.message), KNOWN.signature) &&
      check(KNOWN.publicKey, KNOWN.message, KNOWN.signature) &&
      !check(KNOWN.publicKey, KNOWN.message, altered);
    if (!right) throw new Fault('crypto_self_test', { name });
  }
}
