/** Rows of the one table of failures (fault.ts): files of keys. */
import type { FaultRow } from './fault.js';

export const KEY_FILE_FAULTS = {
  key_file_exists: {
    say: f => `\`${f.path}\` exists already; a key is never written over`,
    fix: 'choose another name, or move the old key away',
  },
  key_file_exposed: {
    say: f =>
      `key file \`${f.path}\` has mode ${f.mode}: others can read or write it (chmod 600 '${f.path}' ends that)`,
    fix: 'set its mode to 0600; if anybody else may have read it, make a new key',
  },
  key_file_invalid: {
    say: f => `\`${f.path}\` holds no Ed25519 secret key`,
    fix: 'it must be one line, base64 of 32 bytes, or PKCS#8 PEM; checkrd keygen makes one',
  },
  key_file_owner: {
    say: f => `key file \`${f.path}\` belongs to user ${f.uid}`,
    fix: 'a key must belong to the user that signs with it, or to root',
  },
  key_file_unreadable: {
    say: f => `key file \`${f.path}\` cannot be read: ${f.why}`,
    fix: 'check the path and its permissions',
  },
  key_file_unwritable: {
    say: f => `key file \`${f.path}\` cannot be written: ${f.why}`,
    fix: 'check that its directory exists and that this user may write there',
  },
} as const satisfies Record<string, FaultRow>;
