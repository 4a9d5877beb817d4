/**
 * Everything checkrd can be told, fully resolved. Types only; resolve.ts makes them.
 *
 * Total and frozen: past this point nothing is optional and nothing is looked up again.
 */
import type { AgentId } from '../brand.js';
import type { LoopbackAddress } from './loopback.js';

/** `library`: one agent in its own process. `daemon`: one process for many. `operator`: a command that only looks. */
export type Face = 'library' | 'daemon' | 'operator';

export const DURABILITIES = ['write', 'fsync', 'async'] as const;
export type Durability = (typeof DURABILITIES)[number];

export const SIGNATURES = ['checkpoint', 'record'] as const;
export type Signatures = (typeof SIGNATURES)[number];

export const ON_LOSS = ['deny', 'local'] as const;
export type OnLoss = (typeof ON_LOSS)[number];

export const RESUME_REQUIRES = ['file', 'signed'] as const;
export type ResumeRequires = (typeof RESUME_REQUIRES)[number];

/** `report`: passes, and coverage says so. `policy`: decided as the call of a tool. `deny`: refused and recorded. */
export const WAY_RULES = ['report', 'policy', 'deny'] as const;
export type WayRule = (typeof WAY_RULES)[number];

export const COVERAGES = ['report', 'strict'] as const;

/** What `checkrd/register` does about the ways out that are no calls to a host. */
export interface EgressSettings {
  /** `strict`: what is not decided is denied. */
  readonly coverage: (typeof COVERAGES)[number];
  readonly datagrams: WayRule;
  readonly names: WayRule;
  readonly native: WayRule;
  readonly processes: WayRule;
}

export interface Settings {
  readonly face: Face;
  /** Absolute. Everything that has no path of its own lives below it. */
  readonly configDir: string;
  /** Who calls, where one process is one agent; never null for the library, null for the daemon. */
  readonly agentId: AgentId | null;
  readonly securityMode: 'strict' | 'permissive';
  /** False: every document counts as `mode: dry_run`. */
  readonly enforce: boolean;
  /** Absolute path of the policy file. */
  readonly policy: string;
  readonly policyWatch: boolean;
  /** Absolute path of the switch; its `.d` folder stands beside it. Null: none was wanted. */
  readonly killswitch: string | null;
  /** What ends a kill: the end of its file, or a release that trusted keys signed. */
  readonly resumeRequires: ResumeRequires;
  readonly audit: {
    /** Absolute path of the log. */
    readonly path: string;
    /** `endpoint` folds id-like segments, `raw` keeps paths as they are. */
    readonly urlPath: 'endpoint' | 'raw';
    /** When a record counts as written: in the kernel, on disk, or (permissive only) in memory. */
    readonly durability: Durability;
    /** Bytes after which the log begins its next file; null: size is left to logrotate. */
    readonly rotateBytes: number | null;
    /** Whether the log begins a file for each day (UTC). */
    readonly rotateDaily: boolean;
    /** What of its earlier files is kept; only of those that the log turned over itself. Null: all. */
    readonly retention: {
      readonly keepFiles: number | null;
      readonly keepDays: number | null;
      readonly keepBytes: number | null;
      /** Legal hold: nothing is removed. */
      readonly hold: boolean;
    };
    /** Which records carry a signature of their own. */
    readonly signatures: Signatures;
    /** Absolute path of a file of another owner; null: none. */
    readonly headsFile: string | null;
    readonly headsJournal: boolean;
    /** Seconds. */
    readonly headsEvery: number;
    /** Room kept on the log's disk; 0: none, and a full disk means deny. */
    readonly reserveBytes: number;
  };
  readonly stateDir: string;
  readonly keysDir: string;
  /** Bodies are read up to here, bytes. */
  readonly inspectBytes: number;
  /** Absolute path of the engine's file; null: that of the package. */
  readonly engine: string | null;
  /** False: break glass counts for nothing, whoever signed it. */
  readonly allowBreakGlass: boolean;
  /** False: `beforeRequest` may refuse a call, never wave it through. */
  readonly allowSkip: boolean;
  /** False: `CHECKRD_DISABLED=1` makes construction fail. */
  readonly allowDisable: boolean;
  /** True: only what trusted keys signed goes live. Never follows from a key being there. */
  readonly requireSignature: boolean;
  /** True: what lets more pass needs its signers to say so. */
  readonly weakeningGuard: boolean;
  /** Absolute path of the folder of `*.pub` and `threshold`. */
  readonly trustDir: string;
  /** True: refuse to run where the agent's own user could write policy, switch, key or log. Null: nothing is said. */
  readonly requireSeparation: boolean | null;
  /** Name or number of the group that may write policy and switch. */
  readonly operatorsGroup: string | null;
  readonly daemon: DaemonSettings;
  readonly egress: EgressSettings;
  /** Where the daemon's copies of calls go: absolute path; null: none are made. */
  readonly telemetry: { readonly file: string | null };
  readonly log: {
    readonly level: LogLevel;
    /** Absolute path; null: stderr. */
    readonly file: string | null;
  };
}

export interface DaemonSettings {
  /** Absolute path of the main socket; agents' sockets are `agent/<id>.sock` beside it. */
  readonly socket: string;
  readonly agents: readonly DaemonAgentSettings[];
  /** Seconds that a stop waits for calls in flight. */
  readonly drainTimeout: number;
  /** Where metrics are served over TCP as well; null: nowhere. */
  readonly metrics: LoopbackAddress | null;
  /** Absolute path of the socket that the library hands its records to; null: it writes its own log. */
  readonly records: string | null;
  /** What the library does while nobody takes them there. */
  readonly onLoss: OnLoss;
}

export interface DaemonAgentSettings {
  readonly id: AgentId;
  /** Name or number of the group that may connect; null: the daemon's own. */
  readonly group: string | null;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One thing wrong with the settings. `message` says what is wanted, never quotes values at length. */
export interface SettingsIssue {
  readonly code: SettingsIssueCode;
  /** Where it was said: `path:line:column`, `$VARIABLE`, or `option name`. */
  readonly place: string;
  /** 1-based; null unless it was said in the file. */
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  /** How to mend it, as a sentence without a full stop. */
  readonly suggestion: string;
}

/** One row per code, for the documentation. */
export const SETTINGS_ISSUES = {
  bad_value: 'the value is none that this setting takes',
  duplicate_key: 'a setting is written twice',
  locked: 'the file forbids what an option or the environment asks for',
  missing: 'a setting without a default is not given',
  syntax: 'the file is not the plain YAML that settings are written in',
  unknown_key: 'no setting has this name',
  wrong_type: 'the value has another type than the setting',
} as const satisfies Record<string, string>;

export type SettingsIssueCode = keyof typeof SETTINGS_ISSUES;

/** One line for a person: place, what, how to mend it. */
export function settingsIssueText(issue: SettingsIssue): string {
  return `${issue.place}: ${issue.message} (${issue.suggestion})`;
}
