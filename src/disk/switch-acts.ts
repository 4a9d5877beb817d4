/**
 * Engages and releases a kill switch as `touch` and `rm` would, whole or not at all.
 *
 * A second hold never narrows the first: engaging what is engaged keeps the older file, or widens it when it stops
 * fewer agents or ends sooner than what is asked for.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type KillContents, writeKillFile } from '../core/config/kill-file.js';
import { Fault } from '../core/fault.js';
import { errorCode } from './error-code.js';
import { besideSwitch, lookAtSwitch, readSwitch } from './switch-files.js';

/** `kept`: an older file stands that already stops as much. `widened`: it stopped less and was replaced. */
export type Engaged = 'engaged' | 'kept' | 'widened';

const MODE = 0o644;
const TRIES = 10;

/**
 * @param path The switch itself, or the entry of one agent (`agentSwitch`).
 * @param unique A few random characters for the name of the temporary file.
 * @throws Fault `killswitch_not_engaged`; whatever stood before still stands.
 */
export function engageSwitch(path: string, contents: KillContents, unique: string): Engaged {
  try {
    // Another `kill` or `resume` may come in between; each turn looks afresh.
    for (let tries = 0; tries < TRIES; tries++) {
      const entry = lookAtSwitch(path);
      if (entry.is === 'unreadable') throw new Fault('killswitch_not_engaged', { path, error: 'unreadable' });
      if (entry.is === 'absent') {
        if (create(path, writeKillFile(contents), unique)) return 'engaged';
        continue;
      }
      const standing = entry.regular ? readSwitch(path, entry.stamp) : null;
      const wider = standing === null ? null : widen(standing, contents);
      if (standing === null || wider === null) return 'kept';
      if (replace(path, entry.stamp, standing, wider, unique)) return 'widened';
    }
    throw new Fault('killswitch_not_engaged', { path, error: 'it comes and goes' });
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('killswitch_not_engaged', { path, error: errorCode(error) }, { cause: error });
  }
}

/**
 * Removes the switch, in whatever form it stands; an empty folder counts as one.
 *
 * @returns False when there was none.
 * @throws Fault `killswitch_not_released`
 */
export function releaseSwitch(path: string): boolean {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return false;
    if (stat.isDirectory()) rmdirSync(path);
    else unlinkSync(path);
    syncFolder(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw new Fault('killswitch_not_released', { path, error: errorCode(error) }, { cause: error });
  }
}

/**
 * Takes `globs` out of a switch that names agents; the switch goes when it would name nobody.
 *
 * @returns False when it does not name them all: everything stays as it is.
 * @throws Fault `killswitch_not_released`
 */
export function narrowSwitch(path: string, globs: readonly string[], unique: string): boolean {
  try {
    const entry = lookAtSwitch(path);
    if (entry.is !== 'present') return false;
    const standing = entry.regular ? readSwitch(path, entry.stamp) : null;
    const agents = standing?.agents ?? null;
    if (standing === null || agents === null || !globs.every(glob => agents.includes(glob))) return false;
    const left = agents.filter(glob => !globs.includes(glob));
    if (left.length === 0) return releaseSwitch(path);
    return replace(path, entry.stamp, standing, { ...standing, agents: left }, unique);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('killswitch_not_released', { path, error: errorCode(error) }, { cause: error });
  }
}

/** What stops all that `a` and `b` stop, null when `a` does already. */
function widen(a: KillContents, b: KillContents): KillContents | null {
  const agents = a.agents === null || b.agents === null ? null : [...new Set([...a.agents, ...b.agents])];
  const untilMs = a.untilMs === null || b.untilMs === null ? null : Math.max(a.untilMs, b.untilMs);
  if (agents?.length === a.agents?.length && untilMs === a.untilMs) return null;
  return { reason: b.reason ?? a.reason, agents, untilMs };
}

/** False when something stands at `path` by now. */
function create(path: string, text: string, unique: string): boolean {
  const temporary = writeBeside(path, text, unique);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    // No hard links here (FAT, some network mounts). A half-written file is the plain form, which stops more, not less.
    return createInPlace(path, text);
  } finally {
    unlinkSync(temporary);
  }
  syncFolder(path);
  return true;
}

function createInPlace(path: string, text: string): boolean {
  try {
    writeNew(path, text);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  return true;
}

function writeBeside(path: string, text: string, unique: string): string {
  const temporary = besideSwitch(path, unique);
  writeNew(temporary, text);
  return temporary;
}

function writeNew(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, MODE);
  try {
    if (text !== '') writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * False when it is not the file of that stamp any more: another kill may have come in between, and it must stand. Nor when it
 * does not say what it said: many kernels count the times of files in steps, and within one a file of its size looks alike.
 */
function replace(path: string, stamp: string, standing: KillContents, contents: KillContents, unique: string): boolean {
  const temporary = writeBeside(path, writeKillFile(contents), unique);
  try {
    if (JSON.stringify(readSwitch(path, stamp)) !== JSON.stringify(standing)) {
      unlinkSync(temporary);
      return false;
    }
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
  syncFolder(path);
  return true;
}

/** So that a kill survives a power cut. */
function syncFolder(path: string): void {
  try {
    const fd = openSync(dirname(path), constants.O_RDONLY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Some folders cannot be read and some filesystems cannot sync one; what was done stands all the same.
  }
}
