/** What was seen of an installation, without a judgement. agent/doctor gathers it, the judges of this folder read it. */

import type { DiskForecast } from '../disk/forecast.js';

/** Somebody who may write and should not, as disk/who-may-write.ts finds. */
export interface Stranger {
  readonly path: string;
  readonly mode: string;
  readonly owner: number;
  readonly who: string;
  readonly mend: string;
}

export interface Problem {
  readonly message: string;
  readonly hint: string | null;
}

export interface SettingsFacts {
  readonly path: string;
  readonly isThere: boolean;
  readonly problem: Problem | null;
}

export interface PolicyFacts {
  readonly path: string;
  readonly isThere: boolean;
  /** The system's code where it cannot be read. */
  readonly error: string | null;
  /** Null when it loads; else the first thing wrong, with its place. */
  readonly problem: string | null;
  /** What to do about it; null: `checkrd check` explains it. */
  readonly hint: string | null;
  readonly rules: number;
  readonly mode: string;
}

export interface SignatureFacts {
  readonly isRequired: boolean;
  /** Of those whose signatures count. */
  readonly folder: string;
  /** The folder cannot be used. */
  readonly problem: Problem | null;
  readonly signers: number;
  readonly threshold: number;
  /** Policies and layers whose signatures do not let them go live. */
  readonly refused: readonly { readonly path: string; readonly why: string }[];
}

/** What a path of the installation is for. */
export type PathRole =
  | 'settings'
  | 'policy'
  | 'layers'
  | 'layer'
  | 'signers'
  | 'signer'
  | 'switch_folder'
  | 'keys'
  | 'state'
  | 'approvals'
  | 'log_folder'
  | 'log'
  | 'sockets';

export interface PathFacts {
  readonly role: PathRole;
  readonly path: string;
  /** Null: nothing is there, or it could not be looked at. */
  readonly found: { readonly isFolder: boolean; readonly mode: number; readonly names: number } | null;
  /** The system's code, ENOENT among them; null when all could be looked at. */
  readonly error: string | null;
  readonly stranger: Stranger | null;
  /** Its folder is open to all, with the sticky bit. */
  readonly isInSharedFolder: boolean;
}

export interface SeparationFacts {
  readonly asked: boolean | null;
  /** False: the library runs as the agent. */
  readonly isDaemon: boolean;
  readonly agentUid: number;
  readonly open: readonly { readonly path: string; readonly mode: string; readonly who: string }[];
  /** The system's word where the groups of agents are unknown. */
  readonly problem: string | null;
}

export interface SwitchFacts {
  readonly path: string;
  /** Paths of engaged switches. */
  readonly engaged: readonly string[];
  /** The folders that are not there. */
  readonly missing: readonly string[];
}

export interface LogFacts {
  readonly path: string;
  /** Null: none yet. */
  readonly size: number | null;
  readonly error: string | null;
  readonly lastTimeMs: number | null;
  readonly writer: 'held' | 'free' | 'unknown';
  /** How its end compares with its state file. */
  readonly end: LogEnd;
}

export type LogEnd =
  | { readonly is: 'agrees'; readonly size: number }
  /** Fewer bytes or lines than were known to be on disk. */
  | { readonly is: 'shorter'; readonly size: number }
  /** Another line stands where the last synced one was. */
  | { readonly is: 'other'; readonly size: number }
  /** The file that the state names is not beside the log. */
  | { readonly is: 'file_gone'; readonly size: number }
  | { readonly is: 'no_state' }
  | { readonly is: 'garbled' }
  | { readonly is: 'unseen'; readonly error: string };

export interface KeyFacts {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
}

export interface RoomFacts {
  readonly path: string;
  readonly freeBytes: number;
  /** Null: the filesystem does not count them. */
  readonly freeFiles: number | null;
}

export interface SocketFacts {
  readonly path: string;
  readonly isThere: boolean;
  /** The daemon's own word for how it is; null: it did not answer. */
  readonly status: string | null;
  /** Why it did not answer. */
  readonly error: string | null;
}

export interface MachineFacts {
  readonly node: string;
  /** Path of `flock`; null: none. */
  readonly lockProgram: string | null;
  readonly hasMachineId: boolean;
  readonly nowMs: number;
  /** Null: nothing that sets the clock was seen. */
  readonly clockSetBy: string | null;
  /** `signedBy`: key IDs; empty: the pinned one. */
  readonly engine: { readonly sha256: string; readonly signedBy: readonly string[] } | { readonly problem: Problem };
}

/** Null where the settings do not load. */
export interface InstallationFacts {
  /** The main one first, then its layers. */
  readonly policies: readonly PolicyFacts[];
  readonly signatures: SignatureFacts;
  readonly paths: readonly PathFacts[];
  readonly separation: SeparationFacts;
  /** Null: none is configured. */
  readonly kill: SwitchFacts | null;
  readonly logs: readonly LogFacts[];
  /** Null: the folder is not there yet. */
  readonly keys: readonly KeyFacts[] | { readonly error: string } | null;
  /** Logs whose keys say that they were written on another machine. */
  readonly foreignLogs: readonly string[];
  readonly room: readonly RoomFacts[];
  /** Of the log and its disk; null: it could not be looked at. */
  readonly forecast: DiskForecast | null;
  readonly network: readonly { readonly path: string; readonly kind: string }[];
  /** Null: no daemon is configured. */
  readonly socket: SocketFacts | null;
}

export interface Facts {
  readonly settings: SettingsFacts;
  readonly machine: MachineFacts;
  readonly installation: InstallationFacts | null;
}
