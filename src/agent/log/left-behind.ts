/** Reading what a log left behind: its file, its state, and whether the two belong together. */
import { readFileSync } from 'node:fs';
import { parseLine } from '../../core/audit/canonical.js';
import { leafHash } from '../../core/audit/chain.js';
import { type FileBeginning, Follower, fileBeginning } from '../../core/audit/follow.js';
import { verifyRecordSignature } from '../../core/audit/record-signature.js';
import { type LogState, parseState } from '../../core/audit/state.js';
import { fromUtf8, toHex } from '../../core/bytes.js';
import { Fault } from '../../core/fault.js';
import { AUDIT_LINE_MAX_BYTES } from '../../core/limits.js';
import { ed25519Verify } from '../../crypto/ed25519.js';
import { sha256, sha256Text } from '../../crypto/sha256.js';
import { errno } from '../../disk/errno.js';
import { LineFile } from '../../disk/lines.js';
import { currentFile } from './current.js';
import { EpochsFile } from './epochs-file.js';
import type { KeyTraces, LogKey } from './keys.js';
import { epochsName, fileText, stateName } from './place.js';
import { findSibling } from './siblings.js';

/** What a log's files say before anything of it is believed: whose they may be, and of which keys they speak. */
export interface Traces {
  /** Names of logs, the likeliest first. */
  readonly logs: readonly string[];
  of(log: string): KeyTraces;
}

/** @throws Fault `log_unusable` */
export function tracesOf(path: string): Traces {
  const state = stateName(path);
  const here = openHere(currentFile(path));
  const beginnings: (FileBeginning | null)[] = [];
  try {
    if (here !== null) beginnings.push(beginningOf(here));
  } finally {
    here?.close();
  }
  findSibling(path, file => {
    beginnings.push(beginningOf(file));
    return false;
  });
  const found = beginnings.filter(beginning => beginning !== null);
  const [first, ...others] = found;
  others.sort((a, b) => b.before.size - a.before.size);
  const logs = [logOfState(state), first?.log, ...others.map(({ log }) => log)].filter(log => log != null);
  const epochs = new EpochsFile(epochsName(path));
  const signed = (key: LogKey) => readState(state, key) !== null;
  return {
    logs: [...new Set(logs)],
    of: log => ({
      settled: key => epochs.names(log, key.publicKeyText) || signed(key),
      names: key => found.some(file => file.log === log && file.publicKey === key.publicKeyText) || signed(key),
    }),
  };
}

/** What the state says of itself, whoever signed it. */
function logOfState(path: string): string | null {
  try {
    const parsed = parseLine((fromUtf8(readFileSync(path)) ?? '').trimEnd());
    return parsed.ok && typeof parsed.record.log === 'string' ? parsed.record.log : null;
  } catch {
    return null;
  }
}

/** Null when there is none. @throws Fault `log_unusable` */
export function openHere(path: string): LineFile | null {
  try {
    return LineFile.open(path);
  } catch (error) {
    if (errno(error) === 'ENOENT') return null;
    throw new Fault('log_unusable', { path, cause: errno(error) }, { cause: error });
  }
}

/** Null when there is none that our key signed. */
export function readState(path: string, key: LogKey): LogState | null {
  try {
    return parseState(ed25519Verify, key.publicKey, fromUtf8(readFileSync(path)) ?? '');
  } catch {
    return null; // missing or unreadable: rebuilt from the files
  }
}

/** Whether the line that the state ends at stands in `file` where the state says. */
export function holds(file: LineFile, state: LogState): boolean {
  if (state.offset === 0) {
    if (fileText(file.id) === state.file) return true;
    const before = beginningOf(file)?.before;
    return before !== undefined && before.size === state.size && before.head === state.head;
  }
  const line = file.lineBefore(state.offset, AUDIT_LINE_MAX_BYTES);
  return line !== null && toHex(leafHash(sha256, line)) === state.head;
}

/** Whether a line after the one that the state ends at carries our signature: then the state is an old one. */
export function signedAfter(file: LineFile, state: LogState, key: LogKey): boolean {
  const follower = new Follower(sha256, sha256Text, state.log, state, state.segment);
  let found = false;
  file.scan(state.offset, AUDIT_LINE_MAX_BYTES, line => {
    if (!follower.take(line)) return false;
    const parsed = parseLine(fromUtf8(line) ?? '');
    found = parsed.ok && 'sig' in parsed.record && verifyRecordSignature(ed25519Verify, key.publicKey, parsed.record);
    return !found;
  });
  return found;
}

/** What the first line says of the file; null when it is no first line. */
export function beginningOf(file: LineFile): FileBeginning | null {
  let found: FileBeginning | null = null;
  file.scan(0, AUDIT_LINE_MAX_BYTES, line => {
    found = fileBeginning(sha256Text, line);
    return false;
  });
  return found;
}
