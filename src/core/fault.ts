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
  group_unknown: {
    say: f => `there is no group \`${f.group}\` on this machine`,
    fix: 'create the group, or name another in the settings',
  },
  internal: {
    say: f => `internal error: ${f.what}`,
    fix: 'this is a defect in checkrd; report it with this message',
  },
  settings_invalid: {
    say: f => `the settings are not right\n${f.problems}`,
    fix: 'mend each place named and start again; docs/settings.md lists every setting',
  },
  settings_unreadable: {
    say: f => `cannot read the settings \`${f.path}\`: ${f.why}`,
    fix: 'name a readable file, or write one with `checkrd init`',
  },
  socket_failed: {
    say: f => `cannot listen on \`${f.path}\`: ${f.why}`,
    fix: 'check that the folder exists and belongs to the user of the daemon',
  },
  socket_in_use: {
    say: f => `another process listens on \`${f.path}\``,
    fix: 'stop the daemon that runs, or give this one a socket of its own (`daemon.socket`)',
  },
  socket_path_taken: {
    say: f => `\`${f.path}\` exists and is no socket`,
    fix: 'move it away, or name another path (`daemon.socket`)',
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
