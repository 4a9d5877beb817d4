/** An identity whose secret key is on this machine: it signs, and never shows the key. */
import { keyId } from '../core/audit/key-id.js';
import { toBase64, utf8 } from '../core/bytes.js';
import { generateSeed, type Signer, signerFromSeed } from './ed25519.js';
import { parseSecretKey, type ReadKeyOptions, readKeyFile } from './read-keys.js';
import { sha256 } from './sha256.js';

export class LocalIdentity {
  readonly #signer: Signer;

  private constructor(signer: Signer) {
    this.#signer = signer;
  }

  /** A new key that lives in memory only. */
  static generate(): LocalIdentity {
    return new LocalIdentity(signerFromSeed(generateSeed()));
  }

  /** @throws Fault as {@link readKeyFile}. */
  static fromFile(path: string, options?: ReadKeyOptions): LocalIdentity {
    return new LocalIdentity(readKeyFile(path, options));
  }

  /** Of a secret key as in a key file: base64 of the 32 raw bytes, or PKCS#8 PEM; null when it is none. */
  static fromText(text: string): LocalIdentity | null {
    const signer = parseSecretKey(utf8(text));
    return signer === null ? null : new LocalIdentity(signer);
  }

  /** Padded base64 of the 32 raw bytes. */
  get publicKey(): string {
    return toBase64(this.#signer.publicKey);
  }

  /** First 16 hexadecimal characters of SHA-256 of the public key. */
  get keyId(): string {
    return keyId(sha256, this.#signer.publicKey);
  }

  /** Ed25519 signature, 64 bytes. */
  sign(message: Uint8Array): Uint8Array {
    return this.#signer.sign(message);
  }
}
