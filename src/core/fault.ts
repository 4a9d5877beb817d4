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
  engine_integrity: {
    say: f => `the engine \`${f.path}\` cannot be trusted: ${f.why}`,
    fix: 'install checkrd again; in a checkout, run npm run build',
  },
  engine_program_refused: {
    say: f => `the engine refused the compiled policy (check ${f.check})`,
    fix: 'load the policy with the compiler that came with this engine; if it did, report this as a defect',
  },
  internal: {
    say: f => `internal error: ${f.what}`,
    fix: 'this is a defect in checkrd; report it with this message',
  },
  limit_state_invalid: {
    say: f => `the saved counters of the limits cannot be used: ${f.why}`,
    fix: 'start without them; every limit then begins with an empty window',
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
