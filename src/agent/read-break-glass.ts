/**
 * `approvals/break-glass.dsse`: what it says, if enough trusted keys signed it and nobody else could have put it there.
 *
 *   in   : the file, the trusted keys
 *   out  : what was signed and by whom, or why it is not to be believed, as a code and a sentence
 *   never: looks at a clock or at what is remembered (break-glass.ts does); throws; quotes what it read
 */
import { toHex } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { ENVELOPE_MAX_BYTES } from '../core/limits.js';
import { BREAK_GLASS_TYPE, type BreakGlass, readBreakGlass } from '../core/trust/break-glass.js';
import { admitEnvelope } from '../core/trust/signers.js';
import { ed25519Verify } from '../crypto/ed25519.js';
import { sha256 } from '../crypto/sha256.js';
import { readWhole } from '../disk/read-whole.js';
import type { Trust } from '../disk/trust-folder.js';
import { refuseForeignWriters, type WriterRules } from '../disk/who-may-write.js';

export interface GlassSource {
  /** Absolute path of `break-glass.dsse`. */
  readonly path: string;
  /** @throws Fault where the settings name a group that is none */
  readonly rules: () => WriterRules;
  /** @throws Fault when it cannot be told whose signatures count */
  readonly trust: () => Trust;
}

export interface SignedGlass {
  readonly is: 'good';
  /** SHA-256 of the payload, hexadecimal. */
  readonly id: string;
  readonly glass: BreakGlass;
  readonly keyIds: readonly string[];
  /** Owner of the file. */
  readonly uid: number;
}

export interface RefusedGlass {
  readonly is: 'refused';
  readonly why: string;
  readonly because: string;
  /** Another text for another file. */
  readonly seen: string;
  readonly uid: number | null;
}

export type GlassFile = { readonly is: 'absent' } | RefusedGlass | SignedGlass;

export function readGlassFile({ path, rules, trust }: GlassSource): GlassFile {
  const file = readWhole(path, ENVELOPE_MAX_BYTES);
  if (!file.ok && file.error === 'ENOENT') return { is: 'absent' };
  const seen = file.ok ? toHex(sha256(file.bytes)) : file.error;
  const uid = file.ok ? Number(file.stat.uid) : null;
  const no = (why: string, because: string): RefusedGlass => ({ is: 'refused', why, because, seen, uid });
  if (!file.ok) return no('unreadable', `it cannot be read (${file.error})`);
  try {
    refuseForeignWriters(path, file.stat, rules());
  } catch (error) {
    return no('writable_by_others', error instanceof Fault ? error.message : 'its folder cannot be looked at');
  }
  let trusted: Trust;
  try {
    trusted = trust();
  } catch (error) {
    return no('trust_unusable', error instanceof Fault ? error.message : 'the trusted keys cannot be read');
  }
  const admitted = admitEnvelope(file.bytes, BREAK_GLASS_TYPE, trusted.signers, trusted.threshold, ed25519Verify);
  if (!admitted.ok) return no(admitted.why, admitted.detail);
  const glass = readBreakGlass(admitted.payload);
  if (glass === null) {
    return no('malformed', 'its payload is not `agents`, `issued`, `expires` at most an hour later, and `reason`');
  }
  return {
    is: 'good',
    id: toHex(sha256(admitted.payload)),
    glass,
    keyIds: admitted.keyIds,
    uid: Number(file.stat.uid),
  };
}
