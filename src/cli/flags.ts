/**
 * What a command takes, as data: args.ts reads by it, and `--help`, docs/cli.md, the man pages and the completions are
 * written from it. A flag that is not described here is not accepted.
 */

/** What stands behind a flag, or as a word: what it is called in the synopsis, and what a shell may offer for it. */
export interface Value {
  readonly called: string;
  /** `text`: nothing can be offered; a list: one of these. */
  readonly is: 'file' | 'folder' | 'text' | readonly string[];
}

export interface Flag {
  /** Absent: the flag stands alone. */
  readonly takes?: Value;
  /** Without a full stop; of a list its values are added. */
  readonly means: string;
  readonly repeats?: true;
  /** One letter that says the same. */
  readonly short?: string;
}

/** By name without `--`, in the order of the help. `json` and `help` are everybody's and stand in no table. */
export type Flags = Readonly<Record<string, Flag>>;

/** Words besides flags: how many, and what they are called in a complaint. */
export interface Operands {
  readonly min: number;
  readonly max: number;
  readonly what: string;
  /** Of the words after the act, where there are acts. */
  readonly takes: Value;
}

export const JSON_FLAG: Flag = { means: 'writes JSON to standard output, and nothing else' };
export const HELP_FLAG: Flag = { means: 'says what the command does and takes', short: 'h' };

export const ANY = Number.MAX_SAFE_INTEGER;

export const FILE: Value = { called: 'FILE', is: 'file' };
export const DIR: Value = { called: 'DIR', is: 'folder' };
export const TIME: Value = { called: 'TIME', is: 'text' };
export const ID: Value = { called: 'ID', is: 'text' };
/** One, or patterns with commas between. */
export const AGENTS: Value = { called: 'ID|GLOB,…', is: 'text' };
export const TEXT: Value = { called: 'TEXT', is: 'text' };
export const COUNT: Value = { called: 'N', is: 'text' };
/** A public key as text, or the path of its file. */
export const KEY: Value = { called: 'KEY', is: 'file' };

/** An operator's command: which settings. */
export const CONFIG: Flag = {
  takes: FILE,
  means: 'the settings; default: those in $CHECKRD_CONFIG_DIR, else /etc/checkrd if it has any, else ~/.checkrd',
};

export const POLICY: Flag = { takes: FILE, means: 'the policy' };

export const LOG_KEY: Flag = {
  takes: KEY,
  repeats: true,
  means: "the log's first public key, or the path of its .pub file, as for `checkrd verify`; may be repeated",
};

export const QR: Flag = { means: 'prints it as a QR code' };
