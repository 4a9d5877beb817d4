/**
 * Dropped files to reports: what `checkrd verify` does with paths, done in a browser with the same core.
 *
 *   in   : files in any order, what lies beside them, keys, a size and root kept elsewhere
 *   out  : a report for each log
 *   never: takes a key from the files; waits for the network; keeps more than a block of lines
 */
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import { digestBlock, expand } from '../core/verify/digest.js';
import type { EndAccount } from '../core/verify/end-account.js';
import { type Beside, epochsOf, type StateBeside, stateBeside } from '../core/verify/end-evidence.js';
import { ENDLESS, type Ending, PACKED_LINE_MAX_BYTES, tellEnding } from '../core/verify/ending.js';
import {
  type FileHead,
  type FilesOfLog,
  fileHead,
  groupByLog,
  PEEK_BYTES,
  PEEK_LINES,
} from '../core/verify/file-head.js';
import type { Report } from '../core/verify/findings.js';
import { eachLine, LineBlocks } from '../core/verify/line-blocks.js';
import type { Expectation } from '../core/verify/tree.js';
import { LogVerifier } from '../core/verify/verify-log.js';
import { portableVerify } from '../crypto/portable-ed25519.js';
import { type Dropped, isPacked, Refused, unpacked } from './dropped.js';
import { Sha256Pieces, sha256, sha256Digest, sha256Text } from './hash.js';

const PORTS = { sha256, sha256Text, sha256Digest, verify: portableVerify };
const EPOCHS_MAX_BYTES = 64 * 1024 * 1024;

export interface Given {
  /** Of any number of logs. */
  readonly files: readonly Dropped[];
  /** State files and `.epochs` files. */
  readonly beside: readonly Dropped[];
  /** Public keys, 32 bytes each. */
  readonly keys: readonly Uint8Array[];
  readonly expect: Expectation | null;
}

export interface Run {
  /** Hears how many bytes of a file have been taken. */
  readonly read: (bytes: number) => void;
  /** Waited for between pieces, so that the page can be used; may throw to stop. */
  readonly breathe: () => Promise<void>;
}

/** @throws Refused, with a sentence for people */
export async function verifyDropped(given: Given, run: Run): Promise<readonly Report[]> {
  const heads: [Dropped & { readonly sizeBytes: number }, FileHead | null][] = [];
  for (const file of given.files)
    heads.push([{ ...file, sizeBytes: file.bytes.size }, fileHead(sha256Text, await firstLines(file))]);
  const logs = groupByLog(heads);
  if (given.expect !== null && logs.length > 1)
    throw new Refused('The expected end speaks of one log, and the files are of several. Give those of one log.');
  const reports: Report[] = [];
  for (const log of logs) reports.push(await verifyLog(log, given, run));
  return reports;
}

async function firstLines(file: Dropped): Promise<readonly Uint8Array[]> {
  const lines: Uint8Array[] = [];
  const blocks = new LineBlocks(AUDIT_LINE_MAX_BYTES);
  const take = (block: Uint8Array): void =>
    eachLine(block, line => {
      if (lines.length < PEEK_LINES) lines.push(line);
    });
  let read = 0;
  for await (const piece of unpacked(file)) {
    for (const block of blocks.push(piece)) take(block);
    read += piece.length;
    if (lines.length >= PEEK_LINES || read >= PEEK_BYTES) break;
  }
  const last = blocks.end();
  if (last !== null) take(last);
  return lines;
}

async function verifyLog(log: FilesOfLog<Dropped>, { keys, expect, beside }: Given, run: Run): Promise<Report> {
  const { origin, files } = log;
  const verifier = new LogVerifier(PORTS, { origin, keys, expect, beside: await besideOf(origin, beside) });
  const spare: Uint8Array[] = [];
  for (const [index, file] of files.entries()) {
    const account = files[index + 1]?.before ?? null;
    const left = account && (await leftAt(file, account, run));
    let line = 1;
    const take = (block: Uint8Array): void => {
      const digest = digestBlock(PORTS, block);
      verifier.offer(digest);
      expand(digest, file.name, line, one => verifier.take(one));
      line += digest.count;
      spare.push(new Uint8Array(block.buffer as ArrayBuffer));
    };
    const blocks = new LineBlocks(AUDIT_LINE_MAX_BYTES, spare);
    const packed = await isPacked(file);
    let ending: Ending = { kind: 'whole' };
    let room = left ?? Infinity;
    const pieces = unpacked(file, run.read);
    for (;;) {
      const next = await pieces.next();
      if (next.done === true) {
        ending = next.value;
        break;
      }
      const piece = next.value;
      for (const block of blocks.push(piece.length > room ? piece.subarray(0, room) : piece)) take(block);
      room -= Math.min(room, piece.length);
      if (packed && blocks.torn > PACKED_LINE_MAX_BYTES) ending = ENDLESS;
      if (room === 0 || ending === ENDLESS) break;
      await run.breathe();
    }
    const last = blocks.end();
    if (last !== null) take(last);
    const end = { file: file.name, line };
    tellEnding(verifier, end, ending, blocks.torn);
    if (account !== null && left !== null) verifier.accounted(end, account);
  }
  return verifier.finish();
}

/**
 * The offset where the end that `account` speaks of begins; null when the file does not end in that. As src/cli/left-at.ts:
 * a damaged end must hold a NUL, which no line has and a power loss leaves.
 */
async function leftAt(file: Dropped, { cause, bytes, sha256: wanted }: EndAccount, run: Run): Promise<number | null> {
  if (cause === 'write_failed' && bytes > AUDIT_LINE_MAX_BYTES + 1) return null;
  let size = 0;
  if (await isPacked(file)) {
    for await (const piece of unpacked(file)) {
      size += piece.length;
      await run.breathe();
    }
  } else size = file.bytes.size;
  const from = size - bytes;
  if (from < 0) return null;
  const digest = new Sha256Pieces();
  let holdsNul = false;
  let begin = 0;
  for await (const piece of unpacked(file)) {
    if (begin + piece.length > from) {
      const end = piece.subarray(Math.max(0, from - begin));
      digest.add(end);
      holdsNul ||= end.includes(0);
    }
    begin += piece.length;
    await run.breathe();
  }
  return digest.hex() === wanted && (cause === 'write_failed' || holdsNul) ? from : null;
}

/**
 * What was dropped beside the log. Whoever gives a state file wants the end held to it, so it is, also when the log's
 * current file was left out.
 */
async function besideOf(origin: string, files: readonly Dropped[]): Promise<Beside> {
  const epochs: Uint8Array[] = [];
  let state: StateBeside | null = null;
  for (const file of files) {
    const lines = await linesOf(file);
    if (isState(file.name)) {
      const found = stateBeside(portableVerify, file.name, lines[0]);
      if (found?.state.log === origin && (state === null || state.state.size < found.state.size)) state = found;
    } else epochs.push(...epochsOf(origin, lines));
  }
  return { epochs, state, judgesEnd: true };
}

export const isState = (name: string): boolean => /\.state( \(\d+\))?$/.test(name);

async function linesOf(file: Dropped): Promise<readonly Uint8Array[]> {
  if (file.bytes.size > EPOCHS_MAX_BYTES) throw new Refused(`${file.name} is larger than any such file.`);
  const blocks = new LineBlocks(AUDIT_LINE_MAX_BYTES);
  const lines: Uint8Array[] = [];
  const take = (block: Uint8Array): void => eachLine(block, line => lines.push(line));
  for await (const piece of unpacked(file)) for (const block of blocks.push(piece)) take(block);
  const last = blocks.end();
  if (last !== null) take(last);
  return lines;
}
