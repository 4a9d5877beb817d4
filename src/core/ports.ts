/**
 * The few pure functions core borrows from its host. All are deterministic: same bytes, same answer.
 */

/** SHA-256 of `data`; 32 bytes, a fresh array. */
export type Sha256 = (data: Uint8Array) => Uint8Array;

/** SHA-256 of the UTF-8 bytes of `text`, as 64 lower-case hexadecimal characters. */
export type Sha256Text = (text: string) => string;

/** SHA-256 of `data` as 64 lower-case hexadecimal characters. The hot path uses this one. */
export type Sha256Digest = (data: Uint8Array) => string;

/** Ed25519 (RFC 8032, pure). `publicKey` is 32 raw bytes, `signature` 64. False for anything malformed; never throws. */
export type Ed25519Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** Ed25519 signature of `message`, 64 bytes, by one fixed key. */
export type Ed25519Sign = (message: Uint8Array) => Uint8Array;
