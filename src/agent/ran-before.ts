/**
 * Whether an agent has run here before, by what stands where its log is: outside the state folder, so that whoever loses
 * that folder has lost a memory and not merely begun.
 *
 *   <log>          and what a log of our own leaves beside it
 *   <log>.handed   the mark of an agent whose records are written by a daemon: there may never be a log of its own
 */
import { lstatSync } from 'node:fs';
import { utf8 } from '../core/bytes.js';
import type { Settings } from '../core/config/settings.js';
import { errorCode } from '../disk/error-code.js';
import { replaceSync } from '../disk/replace-file.js';
import { attempt } from './attempt.js';
import { epochsName, lockName, stateName } from './log/place.js';

const handedName = (log: string): string => `${log}.handed`;

const MARK = utf8(
  'An agent whose records a daemon writes has run here. Without this file a lost memory of policy versions would look new.\n',
);

/** What cannot be looked at counts as there. Never throws. */
export function ranBefore({ audit: { path } }: Settings): boolean {
  return [path, lockName(path), stateName(path), epochsName(path), handedName(path)].some(isThere);
}

/** Best effort: without the mark the state folder alone tells. */
export function markRun({ audit: { path }, daemon, face }: Settings): void {
  const mark = handedName(path);
  if (face === 'library' && daemon.records !== null && !isThere(mark)) attempt(() => replaceSync(mark, MARK));
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes(errorCode(error));
  }
}
