/** One file of `approvals/`: small, put there by a person, believed for its signatures alone. */
import { statSync } from 'node:fs';
import { readWhole } from './read-whole.js';

export type ApprovalFile =
  | { readonly is: 'absent' }
  | { readonly is: 'unreadable'; readonly error: string }
  | { readonly is: 'present'; readonly bytes: Uint8Array /** Who owns the file. */; readonly uid: number };

/** Never throws, never hangs on a FIFO. */
export function readApproval(path: string, maxBytes: number): ApprovalFile {
  const read = readWhole(path, maxBytes);
  if (!read.ok) return read.error === 'ENOENT' ? { is: 'absent' } : { is: 'unreadable', error: read.error };
  try {
    return { is: 'present', bytes: read.bytes, uid: statSync(path).uid };
  } catch {
    return { is: 'absent' };
  }
}
