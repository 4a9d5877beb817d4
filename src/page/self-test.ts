/** Known answers, tried before anything is judged: a browser that computes wrongly must not say so of a log. */
import { fromHex, utf8 } from '../core/bytes.js';
import type { Ed25519Verify, Sha256Text } from '../core/ports.js';
import { portableVerify } from '../crypto/portable-ed25519.js';
import { Refused } from './dropped.js';
import { sha256Text } from './hash.js';

/** RFC 8032 §7.1, test 2. */
const KEY = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
const MESSAGE = '72';
const SIGNATURE =
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';
/** FIPS 180-4, of `abc`. */
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

/** @throws Refused. The parameters exist so that a test can hand in ones that lie. */
export function selfTest(verify: Ed25519Verify = portableVerify, digest: Sha256Text = sha256Text): void {
  const [key, message, signature] = [KEY, MESSAGE, SIGNATURE].map(text => fromHex(text) as Uint8Array) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const right = verify(key, message, signature) && !verify(key, utf8('s'), signature) && digest('abc') === ABC;
  if (!right)
    throw new Refused('This browser computes signatures or check sums wrongly. Use another one, or checkrd verify.');
}
