/**
 * Hot reload as a pure step: the shell performs the effects in order and feeds back what happened.
 *
 *   idle → changed → settled → verified → parsed → compiled → tested → live, or → rejected(reason) from any, back to idle
 *
 * In this version `build` covers `parsed`, `compiled` and `tested` in one effect, so the machine rests only in the
 * stages of {@link State}; `live` and `rejected` are passed through on the way back to `idle`.
 * Never: loses the policy in force. Only `swapped` and `recalled` change `live`, and never to nothing.
 */
import type { Sha256Hex } from '../brand.js';
import { RELOAD_STARVED_MS, SETTLE_IN_PLACE_MS, SETTLE_NEW_INODE_MS, SETTLE_REPORT_AFTER_MS } from '../limits.js';
import type { PolicyIssue } from '../policy/issues.js';

/** What a look at the path found. Two looks are alike when all fields are. */
export type Seen =
  | {
      readonly is: 'file';
      /** Device and inode. */
      readonly file: string;
      /** Size (first), times in nanoseconds, and who may write it: whatever must not change unnoticed. */
      readonly content: string;
    }
  | { readonly is: 'absent' }
  /** `error` is the system's code, such as EACCES. */
  | { readonly is: 'unreadable'; readonly error: string };

/** Why a file did not go live. */
export interface Rejection {
  /** Null when the bytes could not be read. */
  readonly sha256: Sha256Hex | null;
  readonly issue: PolicyIssue | Problem;
  /** Which file it is about; absent: the policy's own. */
  readonly path?: string;
}

export interface Problem {
  readonly code: string;
  /** The machine knows no path; the shell adds it. */
  readonly message: string;
  /** The system's code, where the file could not be looked at. */
  readonly error?: string;
}

/** `at` is in milliseconds of a clock that never runs backwards. */
export type Event =
  /** The first look, at construction: nothing to settle. */
  | { readonly on: 'start'; readonly at: number; readonly seen: Seen }
  | { readonly on: 'looked'; readonly at: number; readonly seen: Seen }
  /** Somebody wrote to the file under its own name, so it was not renamed there whole. Not told where events get lost. */
  | { readonly on: 'written'; readonly at: number }
  /** The timer asked for by `wait`; the shell looks before it says so. */
  | { readonly on: 'quiet'; readonly at: number }
  /** The file changed under the reader. */
  | { readonly on: 'moved'; readonly at: number }
  /** `seen` is the file whose bytes were read. */
  | { readonly on: 'read'; readonly at: number; readonly seen: Seen; readonly sha256: Sha256Hex }
  | { readonly on: 'built'; readonly at: number }
  | { readonly on: 'swapped'; readonly at: number }
  | { readonly on: 'rejected'; readonly at: number; readonly why: Rejection }
  /** What `recall` came to: the last good policy in force, or none. */
  | { readonly on: 'recalled'; readonly at: number; readonly sha256: Sha256Hex | null };

export type Effect =
  /** One timer; a new one replaces the old. */
  | { readonly do: 'wait'; readonly ms: number }
  /** Read and check who may write; answer `read`, `moved` or `rejected`. */
  | { readonly do: 'read' }
  /** Parse, compile, test, keep for the auditor; answer `built` or `rejected`. */
  | { readonly do: 'build' }
  /** Hand over counters and swap, in one tick; answer `swapped` or `rejected`. */
  | { readonly do: 'swap' }
  /** The bytes in force are on disk again, or still. */
  | { readonly do: 'unchanged' }
  /** Health says why; `record` is false when the log has said just that already. */
  | { readonly do: 'reject'; readonly why: Rejection; readonly record: boolean }
  /** Bring back the last good policy from the state folder; answer `recalled`. */
  | { readonly do: 'recall' };

interface Common {
  readonly live: Sha256Hex | null;
  /** What the last finished attempt looked at. */
  readonly judged: Seen | null;
  /** The last rejection recorded, so that it is recorded once. */
  readonly told: string | null;
}

/** An attempt under way. */
interface Trying extends Common {
  readonly seen: Seen;
  /** When the first change of this run was seen. */
  readonly since: number;
  readonly first: boolean;
}

interface Checking extends Trying {
  /** A change seen meanwhile: the next attempt, in whose favour this one is dropped unless it has waited too long. */
  readonly newer: Seen | null;
}

export type State =
  | ({ readonly stage: 'idle' } & Common)
  | ({ readonly stage: 'changed'; readonly due: number } & Trying)
  | ({ readonly stage: 'settled' } & Checking)
  | ({ readonly stage: 'verified'; readonly sha256: Sha256Hex } & Checking)
  | ({ readonly stage: 'tested'; readonly sha256: Sha256Hex } & Checking)
  | ({ readonly stage: 'rejected' } & Checking);

type Stepped = readonly [State, readonly Effect[]];

export const BEGIN: State = { stage: 'idle', live: null, judged: null, told: null };

/** Pure: the same state and event give the same answer. Events that do not belong to the stage change nothing. */
export function step(s: State, e: Event): Stepped {
  switch (e.on) {
    case 'start':
      return s.stage === 'idle' && s.judged === null
        ? begin({ ...common(s), seen: e.seen, since: e.at, first: true })
        : [s, []];
    case 'looked':
      return looked(s, e.seen, e.at);
    case 'written':
      return s.stage === 'changed' && s.due < e.at + SETTLE_IN_PLACE_MS
        ? changed(s, s.seen, e.at, SETTLE_IN_PLACE_MS)
        : [s, []];
    case 'quiet':
      if (s.stage !== 'changed') return [s, []];
      return e.at < s.due ? [s, [{ do: 'wait', ms: s.due - e.at }]] : begin(s);
    case 'moved':
      return isChecking(s) ? changed(s, s.newer ?? s.seen, e.at, SETTLE_NEW_INODE_MS) : [s, []];
    case 'read':
      return s.stage === 'settled' ? read(s, e.seen, e.sha256, e.at) : [s, []];
    case 'built':
      if (s.stage !== 'verified') return [s, []];
      // The newest file is what counts; but one that is replaced more often than a build takes must not keep an old
      // policy in force for ever, so in time what stood still and was read whole goes live although the next has come.
      if (s.newer !== null && e.at - s.since < RELOAD_STARVED_MS) return again(s, s.newer, e.at);
      return [{ ...s, stage: 'tested' }, [{ do: 'swap' }]];
    case 'swapped':
      if (s.stage !== 'tested') return [s, []];
      return then({ ...s, live: s.sha256, told: null }, e.at, []);
    case 'rejected':
      if (!isChecking(s) || s.stage === 'rejected') return [s, []];
      // What was wrong with a file that has changed since is no news.
      return s.newer !== null && s.stage !== 'tested' ? again(s, s.newer, e.at) : reject(s, e.why, e.at);
    case 'recalled':
      return s.stage === 'rejected' ? then({ ...s, live: e.sha256 ?? s.live }, e.at, []) : [s, []];
  }
}

function read(s: Checking, seen: Seen, sha256: Sha256Hex, at: number): Stepped {
  if (s.newer !== null) return again(s, s.newer, at);
  // At start nothing settles, so the file that was read is as good as the one that was looked at.
  if (!s.first && !alike(seen, s.seen)) return again(s, seen, at);
  const now = { ...s, seen };
  if (sha256 === s.live) return [idle(now, null), [{ do: 'unchanged' }]];
  return [{ ...now, stage: 'verified', sha256 }, [{ do: 'build' }]];
}

function looked(s: State, seen: Seen, at: number): Stepped {
  switch (s.stage) {
    case 'idle': {
      if (s.judged !== null && alike(seen, s.judged)) return [s, []];
      const run = { ...common(s), seen, since: at, first: false };
      return changed(run, seen, at, settleMs(s.judged, seen));
    }
    case 'changed':
      if (!alike(seen, s.seen)) return changed(s, seen, at, settleMs(s.seen, seen));
      return [s, []];
    default:
      return [{ ...s, newer: alike(seen, s.seen) ? null : seen }, []];
  }
}

/** Waits until `seen` has stood still; says so once when it never does. */
function changed(s: Trying, seen: Seen, at: number, ms: number): Stepped {
  const tooLong = at - s.since >= SETTLE_REPORT_AFTER_MS;
  const wait: Effect = { do: 'wait', ms };
  const base = { ...common(s), seen, since: s.since, first: s.first, due: at + ms };
  if (!tooLong || s.told === NEVER_SETTLES) return [{ ...base, stage: 'changed' }, [wait]];
  const why: Rejection = {
    sha256: null,
    issue: {
      code: NEVER_SETTLES,
      message: `the policy file has been changing for ${SETTLE_REPORT_AFTER_MS / 1000} s without a pause; write the new one beside it and rename it into place`,
    },
  };
  return [{ ...base, told: NEVER_SETTLES, stage: 'changed' }, [{ do: 'reject', why, record: true }, wait]];
}

const NEVER_SETTLES = 'never_settles';

function begin(s: Trying): Stepped {
  const checking: State = { ...trying(s), stage: 'settled', newer: null };
  if (s.seen.is === 'file') return [checking, [{ do: 'read' }]];
  const issue =
    s.seen.is === 'absent'
      ? { code: 'policy_missing', message: 'there is no policy file' }
      : { code: 'policy_unreadable', message: 'the policy file cannot be read', error: s.seen.error };
  return reject(checking, { sha256: null, issue }, s.since);
}

function reject(s: Checking, why: Rejection, at: number): Stepped {
  const key = rejectionKey(why);
  const told: Effect = { do: 'reject', why, record: key !== s.told };
  const base = { ...s, told: key };
  // A missing file is an operator's no; a bad one at start is an accident that the last good policy bridges.
  if (s.first && s.live === null && s.seen.is !== 'absent') {
    return [{ ...base, stage: 'rejected' }, [told, { do: 'recall' }]];
  }
  return then(base, at, [told]);
}

/** Ends an attempt, and begins the next when something changed meanwhile. */
function then(s: Checking, at: number, effects: readonly Effect[]): Stepped {
  if (s.newer === null) return [idle(s, s.told), effects];
  const [next, more] = again({ ...s, since: at }, s.newer, at);
  return [{ ...next, judged: s.seen }, [...effects, ...more]];
}

function again(s: Checking, newer: Seen, at: number): Stepped {
  return changed(s, newer, at, settleMs(s.seen, newer));
}

/**
 * A new inode in place of another was renamed over it: whole. Anything else may still be being written, since a paused
 * editor leaves valid YAML without the last rules; and so may an empty file, which is how one begins that is made anew.
 */
function settleMs(before: Seen | null, now: Seen): number {
  const renamed =
    before?.is === 'file' && now.is === 'file' && before.file !== now.file && !now.content.startsWith('0 ');
  return renamed ? SETTLE_NEW_INODE_MS : SETTLE_IN_PLACE_MS;
}

export function alike(a: Seen, b: Seen): boolean {
  if (a.is === 'file') return b.is === 'file' && a.file === b.file && a.content === b.content;
  if (a.is === 'unreadable') return b.is === 'unreadable' && a.error === b.error;
  return b.is === 'absent';
}

function rejectionKey({ sha256, issue, path }: Rejection): string {
  const place = 'line' in issue ? `${issue.line}:${issue.column}` : '';
  return issue.code === NEVER_SETTLES ? NEVER_SETTLES : `${sha256 ?? ''} ${issue.code} ${place} ${path ?? ''}`;
}

function isChecking(s: State): s is Extract<State, Checking> {
  return s.stage !== 'idle' && s.stage !== 'changed';
}

function idle(s: Trying, told: string | null): State {
  return { stage: 'idle', live: s.live, judged: s.seen, told };
}

function common(s: Common): Common {
  return { live: s.live, judged: s.judged, told: s.told };
}

function trying(s: Trying): Trying {
  return { ...common(s), seen: s.seen, since: s.since, first: s.first };
}
