/**
 * When and what is signed: over the lines that a sync has confirmed, in the file that they stand in.
 *
 *   begin   by its pace: the sync is off the main thread, the checkpoint follows when it has answered
 *   now     waits for the sync
 *   last    what ends a file that is in order: `segment_closed` and a checkpoint
 */
import type { Position } from '../../core/audit/tip.js';
import type { AppendFile, WriteFailure } from '../../disk/append.js';
import type { LineWriter } from './line-writer.js';
import { Pace } from './pace.js';

/** The writer, as far as a checkpoint needs it. */
export interface Writing {
  nowMs(): number;
  /** The file being written, if nothing else must go to it first. */
  free(): AppendFile | null;
  /** It still is the one being written. */
  writes(file: AppendFile): boolean;
  /** As before any record: this may begin another file. @throws Fault */
  ready(nowMs: number): void;
  /** A sync of the file has confirmed `size` lines; or not, and why. @throws Fault */
  synced(errno: string | null, size: number): void;
  /** @throws Fault for a failure */
  written(failed: WriteFailure | null): void;
  /** Keeps the state, off the main thread. `offset`: bytes of the file at that place. */
  keep(at: Position, file: AppendFile, offset: number): void;
  /** Reports what `work` throws. */
  contain(work: () => void): boolean;
}

/** Records of `last`. */
export const LAST_RECORDS = 2;

export class Checkpoints {
  readonly pace = new Pace(() => this.writing.contain(() => this.#begin()));

  constructor(
    private readonly lines: LineWriter,
    private readonly writing: Writing,
  ) {}

  /** @throws Fault */
  now(file: AppendFile, nowMs: number): void {
    this.writing.synced(file.sync(), this.lines.tip.size);
    const covered = this.lines.tip.position();
    this.writing.written(this.lines.writeCheckpoint(file, covered, nowMs));
    this.pace.covered(covered.size, nowMs);
  }

  /** When they cannot be written, the next file's frontier still covers every line. */
  last(file: AppendFile, nowMs: number): void {
    const { size, head } = this.lines.tip;
    if (this.lines.write(file, { type: 'segment_closed', size, head }, nowMs) !== null || file.sync() !== null) return;
    const covered = this.lines.tip.position();
    if (this.lines.writeCheckpoint(file, covered, nowMs) === null) this.pace.covered(covered.size, nowMs);
    file.sync();
  }

  #begin(): void {
    const { writing, pace } = this;
    const file = writing.free();
    if (file === null) return;
    const covered = this.lines.tip.position();
    const offset = file.size;
    const taken = pace.begin();
    file.syncLater(failure => {
      let written = false;
      writing.contain(() => {
        // Another file began meanwhile: the old one had its own last checkpoint.
        if (!writing.writes(file)) return;
        writing.synced(failure, covered.size);
        written = this.#finish(file, covered, offset);
      });
      pace.after(written, taken, writing.nowMs());
    });
  }

  #finish(file: AppendFile, covered: Position, offset: number): boolean {
    const { writing } = this;
    const now = writing.nowMs();
    writing.ready(now);
    if (!writing.writes(file)) return false;
    writing.written(this.lines.writeCheckpoint(file, covered, now));
    this.pace.said(covered.size, now);
    writing.keep(covered, file, offset);
    return true;
  }
}
