/**
 * The chain: each record's `prev` names the line before it, so that no line can change alone.
 *
 *   prev of seq n+1 = SHA-256(0x00 ‖ line n), line bytes without the newline. That is also the RFC 6962 leaf hash
 *                     of line n: one hash serves chain and tree.
 *   prev of seq 0   = SHA-256(0x00 ‖ origin), the UTF-8 of the log's name: a first line belongs to one log only.
 *
 * Hashes are 64 lower-case hexadecimal characters in records, 32 bytes in the tree.
 *
 * Worked bytes:
 *   origin `host/agent/0123456789abcdef` → 087af975a2ff1b376474f50618cdb7929b47a45ba82138d2205ac3d1d5749317
 *   line   `{"a":1}` → c7261463ebd776f4650b6d0fe942d9cc38c925d90f77d440ab6df8d5dd258c5f
 */
import { concat } from '../bytes.js';
import type { Sha256, Sha256Text } from '../ports.js';

/** What stands before a line when its leaf hash is taken. */
export const LEAF_PREFIX: Uint8Array = Uint8Array.of(0);

/** Leaf hash of `line` (without its newline), as hexadecimal. `line` must be well-formed Unicode. */
export function leafHashHex(sha256Text: Sha256Text, line: string): string {
  return sha256Text(`\0${line}`);
}

/** Leaf hash of `line` (without its newline), 32 bytes. */
export function leafHash(sha256: Sha256, line: Uint8Array): Uint8Array {
  return sha256(concat(LEAF_PREFIX, line));
}

/** What record 0 of the log `origin` carries as `prev`. */
export function genesisPrev(sha256Text: Sha256Text, origin: string): string {
  return sha256Text(`\0${origin}`);
}
