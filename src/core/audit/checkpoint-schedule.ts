/**
 * When the next checkpoint is due. Pure: the shell owns clock and timer.
 *
 *   nothing new                       none
 *   a record                          within a second
 *   a denial, a kill, a policy change at once, but at most ten a second
 *   1,024 records                     at once
 */
import { CHECKPOINT_EVERY_MS, CHECKPOINT_EVERY_RECORDS, CHECKPOINT_MIN_GAP_MS } from '../limits.js';
import type { RecordFields } from './fields.js';

/**
 * @param fresh records since the last checkpoint, checkpoints not counted
 * @param soon whether one of them {@link wantsCheckpointSoon}
 * @param sinceMs milliseconds since the last checkpoint
 * @returns milliseconds to wait, null when there is nothing to cover
 */
export function checkpointDelay(fresh: number, soon: boolean, sinceMs: number): number | null {
  if (fresh === 0) return null;
  if (fresh >= CHECKPOINT_EVERY_RECORDS) return 0;
  if (!soon) return CHECKPOINT_EVERY_MS;
  // A clock that stepped gives any number here.
  return sinceMs < 0 || sinceMs >= CHECKPOINT_MIN_GAP_MS ? 0 : CHECKPOINT_MIN_GAP_MS - sinceMs;
}

/** Whether an auditor should soon find `record` covered: what somebody would most like to take back. */
export function wantsCheckpointSoon(record: RecordFields): boolean {
  switch (record.type) {
    case 'decision':
      return record.policy_result === 'deny';
    case 'outcome':
      return record.result === 'killed' || record.result === 'killed_late';
    case 'kill_engaged':
    case 'kill_released':
    case 'policy_loaded':
    case 'policy_rejected':
    case 'engine_loaded':
    case 'engine_rejected':
    case 'operator_action':
    case 'segment_removed':
      return true;
    default:
      return false;
  }
}
