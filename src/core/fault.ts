/**
 * The one table of failures outside the policy language (those are in policy/issues.ts).
 *
 * Each row: a sentence a tired operator understands, and the next step. Match on `code`, never on the message.
 * Messages never quote file contents or header and body values.
 */
interface Row {
  readonly say: (facts: Readonly<Record<string, string | number>>) => string;
  readonly fix: string;
}

const FAULTS = {
  agent_id_invalid: {
    say: f => `\`${f.got}\` is not an agent ID`,
    fix: 'use 1 to 128 of A-Z a-z 0-9 . _ - and begin with a letter or a digit',
  },
  audit_unavailable: {
    say: f => `the audit log \`${f.path}\` cannot be written: ${f.cause}`,
    fix: 'mend what is named (space, permissions, the file at that path); the next record is tried again by itself',
  },
  crypto_self_test: {
    say: f => `${f.name} gives a wrong Ed25519 answer for the known test of RFC 8032`,
    fix: 'do not run on this build of Node.js or checkrd; install both again',
  },
  internal: {
    say: f => `internal error: ${f.what}`,
    fix: 'this is a defect in checkrd; report it with this message',
  },
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
  log_dir_missing: {
    say: f => `the folder of the audit log \`${f.path}\` does not exist (mkdir -p -m 0750 '${f.path}' makes it)`,
    fix: 'make it, and let it belong to the user that runs checkrd',
  },
  log_dir_unwritable: {
    say: f => `the folder of the audit log \`${f.path}\` cannot be written: ${f.cause}`,
    fix: 'let the user that runs checkrd write there, or choose another path for the log',
  },
  log_unreadable: {
    say: f => `the audit log \`${f.path}\` cannot be read: ${f.why}`,
    fix: 'check the path and its permissions',
  },
  log_unusable: {
    say: f => `\`${f.path}\` cannot serve as an audit log: ${f.cause}`,
    fix: 'it must be a regular file that this user may read and write; move what is there away',
  },
  public_key_invalid: {
    say: f => `\`${f.path}\` holds no usable Ed25519 public key`,
    fix: 'give the text of a .pub file, or its path: one line, base64 of 32 bytes',
  },
} as const satisfies Record<string, Row>;

export type FaultCode = keyof typeof FAULTS;

/** A failure somebody can act on. `code` is stable; `message` and `hint` are for people. */
export class Fault extends Error {
  override readonly name = 'Fault';
  constructor(
    readonly code: FaultCode,
    readonly facts: Readonly<Record<string, string | number>> = {},
    options?: { cause?: unknown },
  ) {
    super((FAULTS[code] as Row).say(facts), options);
  }
  /** The next step, as a sentence without a full stop. */
  get hint(): string {
    return FAULTS[this.code].fix;
  }
}

/** Every code with its next step, for the documentation and its test. */
export function faultTable(): readonly { readonly code: FaultCode; readonly fix: string }[] {
  return (Object.keys(FAULTS) as FaultCode[]).sort().map(code => ({ code, fix: FAULTS[code].fix }));
}
