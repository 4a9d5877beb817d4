/**
 * The files that guarded processes keep in a state folder.
 *
 *   in   : a folder into which somebody may have put whatever he likes: links, pipes, thousands of files, other names
 *   out  : what each living process says of itself; how many are over; how many say nothing that counts
 *   never: follows a link, waits for a pipe, believes a file of anybody but the folder’s owner and root
 */
import { lstatSync, opendirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { decodeReport, PROCESS_FILE_MAX_BYTES, type ProcessReport } from '../core/status/process-report.js';
import type { ListedProcess, ProcessList } from '../core/status/processes.js';
import { errorCode } from '../disk/error-code.js';
import { readWhole } from '../disk/read-whole.js';
import { lifeOf, thisMachine } from '../disk/thread-identity.js';
import { attempt } from './attempt.js';

const folderOf = (stateDir: string): string => join(stateDir, 'processes');

export function processFilePath(stateDir: string, instanceId: string): string {
  return join(folderOf(stateDir), `${instanceId}.json`);
}

/** Files that are looked at; the others are counted. */
export const PROCESSES_MAX = 1024;
const NAME = /^[0-9a-f]{16}\.json$/;
/** A process replaces its file once a second at most: who swaps it every time is somebody else. */
const LOOKS = 3;
const TEMP = /^[0-9a-f]{16}\.json\.tmp$/;

/** Never throws. */
export function listProcesses(stateDir: string): ProcessList {
  const path = folderOf(stateDir);
  const counts = { stale: 0, refused: 0, newer: 0, unread: 0 };
  const processes: ListedProcess[] = [];
  const machine = thisMachine();
  try {
    const folder = lstatSync(path);
    if (!folder.isDirectory()) return { path, error: 'ENOTDIR', processes, ...counts };
    let looked = 0;
    for (const name of namesIn(path)) {
      if (TEMP.test(name)) continue;
      if (looked++ >= PROCESSES_MAX) {
        counts.unread++;
        continue;
      }
      const read = NAME.test(name) ? readOne(join(path, name), name, folder.uid) : 'refused';
      if (read === 'gone') continue;
      if (typeof read === 'string') {
        counts[read]++;
        continue;
      }
      const life = lifeOf(read.identity, machine);
      if (life === 'over') counts.stale++;
      else processes.push({ ...read, life });
    }
  } catch (error) {
    const code = errorCode(error);
    return { path, error: code === 'ENOENT' ? null : code, processes, ...counts };
  }
  processes.sort((a, b) => a.identity.pid - b.identity.pid || a.startedMs - b.startedMs);
  return { path, error: null, processes, ...counts };
}

/** A name at a time: there may be more than memory likes. */
function* namesIn(path: string): Generator<string> {
  const folder = opendirSync(path);
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) yield entry.name;
  } finally {
    folder.closeSync();
  }
}

type Read = ProcessReport | 'refused' | 'newer' | 'gone';

function readOne(path: string, name: string, owner: number): Read {
  for (let left = LOOKS; left > 0; left--) {
    const read = readOnce(path, name, owner);
    if (read !== 'swapped') return read;
  }
  return 'refused';
}

function readOnce(path: string, name: string, owner: number): Read | 'swapped' {
  const seen = attempt(() => lstatSync(path));
  if (!seen.ok) return errorCode(seen.error) === 'ENOENT' ? 'gone' : 'refused';
  if (!seen.value.isFile() || ![owner, 0].includes(seen.value.uid)) return 'refused';
  const file = readWhole(path, PROCESS_FILE_MAX_BYTES);
  if (!file.ok) return file.error === 'ENOENT' ? 'gone' : 'refused';
  // Whoever swapped it since for a link has not this inode; nor has its own process, which puts a new one in its place.
  if (Number(file.stat.ino) !== seen.value.ino || Number(file.stat.dev) !== seen.value.dev) return 'swapped';
  const decoded = decodeReport(Buffer.from(file.bytes).toString('utf8'));
  if (decoded.is !== 'report') return decoded.is === 'newer' ? 'newer' : 'refused';
  return `${decoded.report.instanceId}.json` === name ? decoded.report : 'refused';
}

/** A start looks at so many names: what is left is for the next. */
const SWEEP_MAX = 256;
/** Nobody takes longer to write one. */
const TEMP_MAX_AGE_MS = 60_000;

/** Takes away what processes of this user left that are over. Best effort; never throws. */
export function sweepProcesses(stateDir: string): void {
  const path = folderOf(stateDir);
  const uid = process.geteuid?.();
  const machine = thisMachine();
  attempt(() => {
    let looked = 0;
    for (const name of namesIn(path)) {
      if (looked++ >= SWEEP_MAX) return;
      const file = join(path, name);
      if (TEMP.test(name)) {
        const { uid: owner, mtimeMs } = lstatSync(file);
        if (owner === uid && Date.now() - mtimeMs > TEMP_MAX_AGE_MS) unlinkSync(file);
      } else if (NAME.test(name) && uid !== undefined) {
        const report = readOne(file, name, uid);
        if (typeof report !== 'string' && lifeOf(report.identity, machine) === 'over') unlinkSync(file);
      }
    }
  });
}
