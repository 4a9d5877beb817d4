/**
 * Where a log goes on after whatever ended its last writer. Each case has a name; none is "repair".
 *
 *   new            no lines, no state                        log_started
 *   agree          state and log end at the same line        go on
 *   log_ahead      whole lines after the state               go on after them
 *   torn           half a line at the end                    saved beside, cut, go on
 *   tail_lost      fewer lines than the state knows of       new file at the state; nothing below it is ever signed again
 *   tail_damaged   NULs, a broken chain, an edited line      new file after the last whole line, the old one untouched
 *   rotated        the file was moved while nobody wrote, or new file after its last line
 *                  the next one was made and not begun
 *   foreign_bytes  lines after a log that was closed         new file at the state
 *   state_rebuilt  no state that our key signed, or an old   read from the file's own beginning, or from the old state
 *                  one: lines after it carry our signature
 *   other_key      the log is by a key we do not have        new log that names the old one (audit-log.ts)
 *   other_machine  the machine's ID is another               new log that names the old one (audit-log.ts)
 */
import type { RecoveredFields, SegmentOpenedFields } from '../../core/audit/fields.js';
import { type FileBeginning, Follower } from '../../core/audit/follow.js';
import type { LogState } from '../../core/audit/state.js';
import type { Position } from '../../core/audit/tip.js';
import { Fault } from '../../core/fault.js';
import { sha256, sha256Text } from '../../crypto/sha256.js';
import { errno } from '../../disk/errno.js';
import type { LineFile } from '../../disk/lines.js';
import { currentFile } from './current.js';
import type { LogKey, LogKeys } from './keys.js';
import { beginningOf, holds, openHere, readState, signedAfter } from './left-behind.js';
import { fileText, stateName } from './place.js';
import { findSibling } from './siblings.js';
import { damagedTail, holdsNul, readTail, type Tail, takeTornTail } from './tail.js';

export type StartCase =
  | 'new'
  | 'agree'
  | 'log_ahead'
  | 'torn'
  | 'tail_lost'
  | 'tail_damaged'
  | 'rotated'
  | 'foreign_bytes'
  | 'state_rebuilt'
  | 'other_key'
  | 'other_machine';

interface Known {
  readonly cases: readonly StartCase[];
  readonly log: string;
  readonly position: Position;
  readonly segment: number;
  readonly recovered: readonly RecoveredFields[];
}

export type Start =
  | { readonly go: 'begin'; readonly cases: readonly StartCase[]; readonly previousLog: string | null }
  /** The file at the path, `offset` bytes long, is ours; its first record has `first` and was made at `firstTime`. */
  | (Known & { readonly go: 'on'; readonly offset: number; readonly first: number; readonly firstTime: string })
  /** `first`: the first `seq` of the file at the path when it is one of this log, else null. */
  | (Known & {
      readonly go: 'next_file';
      readonly reason: SegmentOpenedFields['reason'];
      readonly first: number | null;
    });

/** @throws Fault `log_unusable` when the file cannot be read, or is no regular file. */
export function startLog(path: string, keys: LogKeys): Start {
  const here = openHere(currentFile(path));
  try {
    const state = readState(stateName(path), keys.current);
    return state === null ? withoutState(path, keys.log, here) : fromState(path, keys.current, state, here);
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('log_unusable', { path, cause: errno(error) }, { cause: error });
  } finally {
    here?.close();
  }
}

/* ---- with a state ---------------------------------------------------------------------------------------------- */

function fromState(path: string, key: LogKey, state: LogState, here: LineFile | null): Start {
  if (here !== null && holds(here, state)) return goOn(path, key, state, currentFile(path), here, []);
  const moved =
    findSibling(path, file => fileText(file.id) === state.file && holds(file, state)) ??
    findSibling(path, file => holds(file, state));
  if (moved === null) return shortened(state, here);
  try {
    return goOn(path, key, state, moved.path, moved.file, ['rotated'], here);
  } finally {
    moved.file.close();
  }
}

function shortened(state: LogState, here: LineFile | null): Start {
  const beginning = here && beginningOf(here);
  let whole = beginning?.log === state.log ? beginning.before.size : state.size;
  if (here !== null && beginning?.log === state.log) {
    const follower = new Follower(sha256, sha256Text, state.log, beginning.before, beginning.segment);
    readTail(here, 0, follower);
    whole = follower.tip.size;
  }
  const cause = here === null || here.size < state.offset ? 'tail_lost' : 'tail_damaged';
  const recovered: RecoveredFields = { type: 'recovered', cause, from: Math.min(whole, state.size), to: state.size };
  const first = beginning?.log === state.log ? beginning.before.size : null;
  return nextFile([cause], state.log, state, state.segment, [recovered], 'recovered', first);
}

/** Reads `file` (the one that holds the state's line) to its end, then what follows it at `path`. */
function goOn(
  path: string,
  key: LogKey,
  state: LogState,
  filePath: string,
  file: LineFile,
  cases: readonly StartCase[],
  here: LineFile | null = null,
): Start {
  const follower = new Follower(sha256, sha256Text, state.log, state, state.segment);
  const tail = readTail(file, state.offset, follower);
  const more = follower.tip.size > state.size;
  if (state.closed && (more || tail.is !== 'whole')) {
    // To go on below a line that we signed would be to say two things of one number.
    if (signedAfter(file, state, key)) {
      const to = follower.tip.size;
      const recovered: RecoveredFields = { type: 'recovered', cause: 'state_rebuilt', from: state.size, to };
      return settle(path, filePath, file, follower, tail, [...cases, 'state_rebuilt'], [recovered], here);
    }
    return nextFile(
      [...cases, 'foreign_bytes'],
      state.log,
      state,
      state.segment,
      [],
      'foreign_bytes',
      firstAt(path, filePath, file),
    );
  }
  const found: StartCase[] = [...cases, more ? 'log_ahead' : 'agree'];
  return settle(path, filePath, file, follower, tail, found, [], here);
}

/* ---- without ---------------------------------------------------------------------------------------------------- */

function withoutState(path: string, log: string, here: LineFile | null): Start {
  const beginning = here && beginningOf(here);
  if (here !== null && beginning) {
    if (beginning.log !== log) {
      return { go: 'begin', cases: ['other_key'], previousLog: beginning.log };
    }
    return rebuild(path, currentFile(path), here, beginning, null);
  }
  let newest = -1;
  const ours = (file: LineFile): FileBeginning | null => {
    const of = beginningOf(file);
    return of?.log === log ? of : null;
  };
  findSibling(path, file => {
    newest = Math.max(newest, ours(file)?.before.size ?? -1);
    return false;
  });
  const last = newest < 0 ? null : findSibling(path, file => ours(file)?.before.size === newest);
  if (last === null) return { go: 'begin', cases: ['new'], previousLog: null };
  try {
    return rebuild(path, last.path, last.file, beginningOf(last.file) as FileBeginning, here);
  } finally {
    last.file.close();
  }
}

function rebuild(path: string, at: string, file: LineFile, from: FileBeginning, here: LineFile | null): Start {
  const follower = new Follower(sha256, sha256Text, from.log, from.before, from.segment);
  const tail = readTail(file, 0, follower);
  const to = follower.tip.size;
  const recovered: RecoveredFields = { type: 'recovered', cause: 'state_rebuilt', from: from.before.size, to };
  return settle(path, at, file, follower, tail, ['state_rebuilt'], [recovered], here);
}

/* ---- both ------------------------------------------------------------------------------------------------------- */

/** What to do with the end of `file` at `at`, and with what stands at `path` if that is another. */
function settle(
  path: string,
  at: string,
  file: LineFile,
  follower: Follower,
  tail: Tail,
  found: readonly StartCase[],
  recovered: readonly RecoveredFields[],
  here: LineFile | null,
): Start {
  const cases = [...found];
  const notes = [...recovered];
  if (tail.is === 'torn') {
    cases.push('torn');
    notes.push(takeTornTail(path, at, file, tail.end, follower.tip.size));
  } else if (tail.is === 'damaged') {
    cases.push('tail_damaged');
    notes.push(damagedTail(file, tail, follower.tip.size));
    return nextFile(
      cases,
      follower.log,
      follower.tip.position(),
      follower.segment,
      notes,
      'recovered',
      firstAt(path, at, file),
    );
  }
  const current = currentFile(path);
  if (at !== current && here !== null && here.size > 0) {
    const size = follower.tip.size;
    const next = readTail(here, 0, follower);
    // Half of a first line is ours to save as well; anything else there is not.
    if (follower.tip.size > size || next.is === 'torn') {
      return settle(path, current, here, follower, next, cases, notes, null);
    }
    if (next.is === 'damaged' && next.end === 0 && holdsNul(here)) {
      // Made for a next file; a power loss took all that was in it.
      cases.push('tail_damaged');
      notes.push(damagedTail(here, next, size));
      const { log, segment } = follower;
      return nextFile(cases, log, follower.tip.position(), segment, notes, 'recovered', null);
    }
  }
  const position = follower.tip.position();
  // An empty file was made for a next segment whose first record never came.
  if (at !== current || tail.end === 0) {
    const reason = cases.includes('state_rebuilt') ? 'recovered' : 'inode';
    return nextFile(cases, follower.log, position, follower.segment, notes, reason, null);
  }
  const beginning = beginningOf(file);
  const { log, segment } = follower;
  const begun = { first: beginning?.before.size ?? 0, firstTime: beginning?.time ?? '' };
  return { go: 'on', cases, log, position, segment, recovered: notes, offset: tail.end, ...begun };
}

function nextFile(
  cases: readonly StartCase[],
  log: string,
  at: Position,
  segment: number,
  recovered: readonly RecoveredFields[],
  reason: SegmentOpenedFields['reason'],
  first: number | null,
): Start {
  // Not even its first record was on disk: there is nothing to go on with.
  if (at.size === 0) return { go: 'begin', cases, previousLog: null };
  const position = { size: at.size, head: at.head, frontier: at.frontier };
  return { go: 'next_file', cases, log, position, segment, recovered, reason, first };
}

const firstAt = (path: string, at: string, file: LineFile): number | null =>
  at === currentFile(path) ? (beginningOf(file)?.before.size ?? null) : null;
