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
  internal: {
    say: f => `internal error: ${f.what}`,
    fix: 'this is a defect in checkrd; report it with this message',
  },
  killswitch_dir_missing: {
    say: f => `the folder \`${f.path}\` of the kill switch is not there and cannot be made (${f.error})`,
    fix: 'make the folder and let the agent enter it, or set another path for the kill switch',
  },
  killswitch_not_engaged: {
    say: f => `the kill switch \`${f.path}\` could not be written (${f.error})`,
    fix: 'run the command as a user who may write that folder; `touch` on the same path does the same',
  },
  killswitch_not_released: {
    say: f => `the kill switch \`${f.path}\` could not be removed (${f.error})`,
    fix: 'remove it by hand as a user who may write its folder',
  },
  policy_build_failed: {
    say: f => `the policy \`${f.path}\` could not be built (${f.error})`,
    fix: 'the old policy stays in force; report this with the policy if it happens again',
  },
  policy_changed_while_read: {
    say: f => `the policy file \`${f.path}\` changed while it was read`,
    fix: 'write the new policy beside the old one and rename it into place',
  },
  policy_missing: {
    say: f => `there is no policy file at \`${f.path}\``,
    fix: 'put the policy there; `checkrd init` writes one to begin with',
  },
  policy_not_archived: {
    say: f => `the policy could not be kept under \`${f.path}\` (${f.error})`,
    fix: 'make the state folder writable for the agent and see that its disk has room',
  },
  policy_not_regular: {
    say: f => `the policy \`${f.path}\` is ${f.got}, not a regular file`,
    fix: 'put a regular file there, or a symbolic link to one',
  },
  policy_too_large: {
    say: f => `the policy \`${f.path}\` has ${f.got} bytes; at most ${f.limit} are read`,
    fix: 'split the policy, or write it as JSON, which may be larger',
  },
  policy_unreadable: {
    say: f => `the policy \`${f.path}\` cannot be read (${f.error})`,
    fix: 'let the user of the agent read the file and enter its folders',
  },
  policy_writable_by_others: {
    say: f =>
      `\`${f.path}\` has mode ${f.mode} and owner ${f.owner}: ${f.who} could change the policy; run \`${f.mend}\``,
    fix: 'take the right to write away from everyone but the owner, as the message says',
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
