/** The log, its keys, the room it has, and the kill switch. */
import { forecastText, isShort } from '../disk/forecast.js';
import { shellWord } from '../shell-word.js';
import type { InstallationFacts, KeyFacts, LogFacts, RoomFacts, SwitchFacts } from './facts.js';
import { type Finding, finding, isForbidden, unseen } from './finding.js';

const MIB = 1024 * 1024;
/** Below this a busy log has minutes. */
const ROOM_FAILURE_BYTES = 16 * MIB;
const ROOM_WARNING_BYTES = 512 * MIB;
const FILES_FAILURE = 16;

export function judgeSwitch(facts: SwitchFacts | null): readonly Finding[] {
  if (facts === null) return [finding('kill_switch', 'warning', null, 'none is configured')];
  const { path, engaged, missing } = facts;
  const findings = [
    ...engaged.map(at =>
      finding('kill_switch', 'warning', at, 'it is engaged: calls are denied', { hint: '`checkrd resume` ends it' }),
    ),
    ...missing.map(at =>
      finding('kill_switch', 'warning', at, 'the folder is not there; the first start makes it', {
        mend: `mkdir -p ${shellWord(at)}`,
      }),
    ),
  ];
  return findings.length > 0 ? findings : [finding('kill_switch', 'ok', path, 'released')];
}

export function judgeLogs(logs: readonly LogFacts[]): readonly Finding[] {
  return logs.flatMap(judgeLog);
}

function judgeLog({ path, size, error, writer, end }: LogFacts): readonly Finding[] {
  if (error === 'ENOENT' && (end.is === 'no_state' || end.is === 'unseen'))
    return [finding('log', 'ok', path, 'there is none yet')];
  if (error !== null && error !== 'ENOENT') {
    if (isForbidden(error)) return [unseen('log', path, error)];
    return [finding('log', 'failure', path, `it cannot be read (${error})`)];
  }
  const verify = { mend: `checkrd verify ${shellWord(path)}` };
  const held = writer === 'held' ? 'being written' : writer === 'free' ? 'nobody writes it now' : '';
  const records = `${size ?? 0} records${held === '' ? '' : `, ${held}`}`;
  switch (end.is) {
    case 'agrees':
      return [finding('log', 'ok', path, `${records}; its end is the one its state names (${end.size})`)];
    case 'shorter':
      return [
        finding('log', 'failure', path, `it is shorter than the ${end.size} records known to be on disk`, verify),
      ];
    case 'other': {
      const says = `record ${end.size - 1} is not the one that its state names`;
      return [finding('log', 'failure', path, says, verify)];
    }
    case 'file_gone': {
      const says = `${records}; the file with record ${end.size - 1}, the last known to be on disk, is not beside it`;
      return [finding('log', 'failure', path, says, verify)];
    }
    case 'no_state':
      return [finding('log', 'warning', path, `${records}; it has no state file: a lost end would not show`, verify)];
    case 'garbled':
      return [finding('log', 'failure', path, 'its state file is none', verify)];
    case 'unseen':
      return [unseen('log', `${path}.state`, end.error)];
  }
}

/** @param agentUid who writes the log. */
export function judgeKeys(facts: InstallationFacts['keys'], agentUid: number): readonly Finding[] {
  if (facts === null) return [finding('keys', 'ok', null, 'there are none yet; the first start makes them')];
  if ('error' in facts) return [finding('keys', 'unseen', null, `they could not be looked at (${facts.error})`)];
  const findings = facts.flatMap(key => judgeKey(key, agentUid));
  const says = facts.length === 0 ? 'there are none yet; the first start makes them' : `${facts.length} in order`;
  return findings.length > 0 ? findings : [finding('keys', 'ok', null, says)];
}

function judgeKey({ path, mode, uid }: KeyFacts, agentUid: number): readonly Finding[] {
  const word = shellWord(path);
  if (uid !== 0 && uid !== agentUid) {
    const says = `the key belongs to user ${uid}: what it signs proves nothing`;
    return [finding('keys', 'failure', path, says, { mend: `chown ${agentUid} ${word} && chmod 600 ${word}` })];
  }
  const bits = mode & 0o7777;
  if ((bits & 0o077) === 0) return [];
  const says = `mode ${bits.toString(8).padStart(4, '0')}: others may read the key, and sign with it`;
  const hint = 'who could read it may have: begin a new log if that was anybody but you';
  return [finding('keys', 'failure', path, says, { mend: `chmod 600 ${word}`, hint })];
}

export function judgeRoom(rooms: readonly RoomFacts[]): readonly Finding[] {
  return rooms.map(({ path, freeBytes, freeFiles }) => {
    const says = `${Math.floor(freeBytes / MIB)} MiB are free`;
    const hint = 'make room, or set `audit.reserve_bytes`: a log that cannot be written denies every call';
    if (freeBytes < ROOM_FAILURE_BYTES) return finding('disk_space', 'failure', path, says, { hint });
    if (freeFiles !== null && freeFiles < FILES_FAILURE)
      return finding('disk_space', 'failure', path, `room for ${freeFiles} more files`, { hint });
    return finding('disk_space', freeBytes < ROOM_WARNING_BYTES ? 'warning' : 'ok', path, says, {
      hint: freeBytes < ROOM_WARNING_BYTES ? hint : null,
    });
  });
}

/** Judged only where it is short: how much room there is now says {@link judgeRoom}. */
export function judgeForecast(forecast: InstallationFacts['forecast'], logs: readonly LogFacts[]): readonly Finding[] {
  if (forecast === null || !isShort(forecast)) return [];
  const hint = 'ship and remove old files, or set `audit.keep_days`, `keep_files` or `keep_bytes`';
  return [finding('disk_space', 'warning', logs[0]?.path ?? null, forecastText(forecast), { hint })];
}
