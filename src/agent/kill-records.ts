import type { KillFields } from '../core/audit/fields.js';
import type { KillHold } from './types.js';

/** The record of a hold that began or ended; `ended` is what became of the calls in flight. */
export function killRecord(
  type: KillFields['type'],
  hold: KillHold,
  ended?: { readonly aborted: number; readonly abortMs: number },
): KillFields {
  return {
    type,
    source: hold.source,
    scope: hold.scope,
    ...(hold.reason === null ? {} : { reason: hold.reason }),
    ...(hold.ownerUid === null ? {} : { owner_uid: hold.ownerUid }),
    ...(hold.fileTimeMs === null ? {} : fileTime(hold.fileTimeMs)),
    ...(ended === undefined ? {} : { aborted: ended.aborted, abort_ms: ended.abortMs }),
  };
}

/** A time beyond what a date can hold is left out: anyone who may touch the file may set it. */
function fileTime(ms: number): { readonly file_time?: string } {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  return year >= 0 && year <= 9999 ? { file_time: date.toISOString() } : {};
}
