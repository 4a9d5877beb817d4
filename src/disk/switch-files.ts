/**
 * The files of a kill switch: `X` stops all agents, `X.d/<agent-id>` stops one.
 *
 * It answers what is there and whether the folders are those it was armed on; what that means is for the agent.
 * The looks are on the path of every call, so they take no more than one system call each.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type AgentId, agentId } from '../core/brand.js';
import { type KillContents, readKillFile } from '../core/config/kill-file.js';
import { Fault } from '../core/fault.js';
import { KILLSWITCH_MAX_BYTES } from '../core/limits.js';
import { errorCode } from './error-code.js';

/** The file that stops one agent. */
export function agentSwitch(path: string, agent: AgentId): string {
  return `${path}.d/${agent}`;
}

/** One folder and the device and inode it had when the watch was set up. */
export interface SwitchFolder {
  readonly path: string;
  readonly armed: { readonly dev: number; readonly ino: number };
}

/**
 * Makes sure that both folders are there; an absent one is made.
 *
 * @throws Fault `killswitch_dir_missing`
 */
export function openSwitchFolders(path: string): readonly [SwitchFolder, SwitchFolder] {
  return [openFolder(dirname(resolve(path))), openFolder(`${resolve(path)}.d`)];
}

function openFolder(path: string): SwitchFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new Fault('killswitch_dir_missing', { path, error: errorCode(error) }, { cause: error });
  }
  const armed = armFolder(path);
  if (armed === null) throw new Fault('killswitch_dir_missing', { path, error: 'ENOTDIR' });
  return armed;
}

/** The folder as it is now, null when there is none. */
export function armFolder(path: string): SwitchFolder | null {
  try {
    const stat = statSync(path);
    return stat.isDirectory() ? { path, armed: { dev: stat.dev, ino: stat.ino } } : null;
  } catch {
    return null;
  }
}

const QUIET = { throwIfNoEntry: false } as const;
const QUIET_EXACT = { throwIfNoEntry: false, bigint: true } as const;

/** Whether the folder is still the one it was armed on. ENOENT of a file alone cannot tell a released switch from a lost folder. */
export function isSameFolder({ path, armed }: SwitchFolder): boolean {
  try {
    const stat = statSync(path, QUIET);
    return stat !== undefined && stat.ino === armed.ino && stat.dev === armed.dev;
  } catch {
    return false;
  }
}

/** Whether surely nothing stands at `path`, provided that its folder is there. Any error but "no entry" is no. */
export function isAbsent(path: string): boolean {
  try {
    return lstatSync(path, QUIET) === undefined;
  } catch {
    return false;
  }
}

/** What stands at a switch. `unreadable`: cannot be told. */
export type Entry =
  | { readonly is: 'absent' }
  | { readonly is: 'unreadable' }
  | {
      readonly is: 'present';
      /** Device, inode, size and times in nanoseconds: contents count only while these stay. */
      readonly stamp: string;
      readonly regular: boolean;
      readonly uid: number;
      readonly mtimeMs: number;
      readonly ctimeMs: number;
    };

/** Never throws. */
export function lookAtSwitch(path: string): Entry {
  try {
    const stat = lstatSync(path, QUIET_EXACT);
    if (stat === undefined) return { is: 'absent' };
    return {
      is: 'present',
      stamp: stampOf(stat),
      regular: stat.isFile(),
      uid: Number(stat.uid),
      mtimeMs: Number(stat.mtimeMs),
      ctimeMs: Number(stat.ctimeMs),
    };
  } catch {
    return { is: 'unreadable' };
  }
}

/**
 * What the file of that stamp says; null for the plain form, which is also that of a file that is too large, unreadable,
 * or another one by now. Reads at most 4 KiB and waits for nothing (a FIFO, a link).
 */
export function readSwitch(path: string, stamp: string): KillContents | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    if (stampOf(fstatSync(fd, { bigint: true })) !== stamp) return null;
    const bytes = Buffer.alloc(KILLSWITCH_MAX_BYTES + 1);
    let got = 0;
    for (;;) {
      const n = readSync(fd, bytes, got, bytes.length - got, got);
      got += n;
      if (n === 0 || got === bytes.length) break;
    }
    if (stampOf(fstatSync(fd, { bigint: true })) !== stamp) return null;
    return readKillFile(bytes.subarray(0, got));
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

/** Agents with an entry in `X.d`; names that are no agent ID stop nobody. Null when the folder cannot be listed. */
export function agentsStopped(path: string): readonly AgentId[] | null {
  try {
    const found: AgentId[] = [];
    for (const name of readdirSync(`${path}.d`)) {
      const agent = agentId(name);
      if (agent !== null) found.push(agent);
    }
    return found;
  } catch {
    return null;
  }
}

function stampOf(s: BigIntStats): string {
  return `${s.dev}:${s.ino}:${s.size}:${s.mtimeNs}:${s.ctimeNs}`;
}

/** A name beside `path` that is no agent ID and no switch, for writing before a rename. */
export function besideSwitch(path: string, unique: string): string {
  return join(dirname(path), `.${basename(path)}.${unique}`);
}
