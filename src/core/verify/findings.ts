/**
 * What a verification says. Codes are stable; sentences are for people.
 *
 * Weight decides the verdict:
 *   tampered   the files are not what was written: lines changed, moved, added, gone, or signed by another key
 *   doubt      a crash and an attacker leave the same traces: nothing is proven either way
 *   note       what an auditor should know and the log itself accounts for: the verdict stays
 */
export type FindingCode =
  /** Bytes after a file's last newline, or a damaged end that the next file accounts for. */
  | 'torn_tail'
  /** A line is not the one its successor names, is not canonical, or has another number than its place. */
  | 'edited'
  /** A line stands in another place than its number says. */
  | 'reordered'
  /** Two lines claim one number: a copy, or two writers. */
  | 'duplicate_seq'
  /** Numbers that no line has. */
  | 'missing'
  /** Another log's line, or no record at all. */
  | 'foreign'
  /** A signature of the right key that does not fit. */
  | 'bad_signature'
  /** Signed by, or naming, a key that is not pinned and that no pinned key leads to; endorsed by no identity given. */
  | 'wrong_key'
  /** Signed by, or naming, the key of another epoch. */
  | 'wrong_epoch'
  /** A checkpoint whose size, head or root is not that of the lines. */
  | 'bad_checkpoint'
  /** A segment record whose size, frontier or head is not that of the lines. */
  | 'bad_segment'
  /** The log ends before the attested size. */
  | 'truncated'
  /** The attested root is not that of the lines. */
  | 'expect_mismatch'
  /** The writer says that it had to recover. */
  | 'recovered';

export type Weight = 'tampered' | 'doubt' | 'note';

/** Where a line stands: the file as the caller named it, the line counted from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

export interface Finding {
  readonly code: FindingCode;
  readonly weight: Weight;
  /** Null for what belongs to no line (a shortened end). */
  readonly place: Place | null;
  /** First record number that this puts in question; all before it stand. */
  readonly seq: number;
  readonly detail: string;
}

/** A stretch of numbers without lines: `from` ≤ seq < `to`. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/**
 * `intact`: nothing wrong, and signed by a pinned key. `tampered`: something is wrong. `cannot_say`: nothing is wrong, but
 * nothing proves who wrote it (no key was pinned, no checkpoint is there), or the end is torn.
 */
export type Verdict = 'intact' | 'tampered' | 'cannot_say';

/** What `log_started` says of an identity. */
export interface Endorsed {
  /** Key ID. */
  readonly by: string;
  /** An identity that the caller gave has signed it. */
  readonly proven: boolean;
}

export interface Report {
  readonly verdict: Verdict;
  readonly origin: string;
  /** Number of the first record read; above 0 when earlier files were not given. */
  readonly firstSeq: number;
  /** One more than the number of the last record. */
  readonly size: number;
  /** Records `firstSeq` … `intactTo`−1 are in order and unchanged, as far as the files can tell. */
  readonly intactTo: number;
  /** Of those, the ones below `signedTo` are covered by a good signature. Equal to `firstSeq` when none is. */
  readonly signedTo: number;
  /** Of the keys whose signatures were good. */
  readonly keyIds: readonly string[];
  /** False: the keys come from the files themselves, so the origin is unproven. */
  readonly pinned: boolean;
  /** Null: by nobody, or its first record was not given. */
  readonly endorsed: Endorsed | null;
  /** Something outside the lines confirms them up to here; null when nothing does. Equal to `size`: the end is attested. */
  readonly attestedTo: number | null;
  /** What confirms it: `--expect`, or the file beside the log. */
  readonly attestedBy: string | null;
  readonly gaps: readonly Gap[];
  /** In the order of the lines; at most {@link MAX_FINDINGS}. */
  readonly findings: readonly Finding[];
  /** How many there were. */
  readonly findingCount: number;
  /** Of weight `note`; at most {@link MAX_NOTES}, the first ones. */
  readonly notes: readonly Finding[];
  /** Root of all lines, hexadecimal; null when lines are missing. With `size`, what `--expect` takes next time. */
  readonly root: string | null;
}

/** Enough for a person; the count goes on. */
export const MAX_FINDINGS = 1000;
export const MAX_NOTES = 100;
