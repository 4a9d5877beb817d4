/** What a state folder says of the processes that are guarded from it. Types only. */
import type { ProcessReport } from './process-report.js';

export interface ListedProcess extends ProcessReport {
  /** `unknown`: it is in another container, or this system does not say. */
  readonly life: 'lives' | 'unknown';
}

export interface ProcessList {
  readonly path: string;
  /** The system's code; null: the folder was read, or nobody has made it yet. */
  readonly error: string | null;
  readonly processes: readonly ListedProcess[];
  /** Files of processes that are over. */
  readonly stale: number;
  /** Files that say nothing: damaged, too long, not regular, another owner's, unreadable. */
  readonly refused: number;
  /** Written by a newer checkrd. */
  readonly newer: number;
  /** Beyond the number of files that are looked at. */
  readonly unread: number;
}
