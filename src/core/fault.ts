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
