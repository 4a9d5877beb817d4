/**
 * What somebody else saw of a log: a size and root kept elsewhere, or a checkpoint that a witness signed.
 *
 *   --expect SIZE:ROOT
 *   --expect @NOTE --witness VKEY     VKEY: the text, or the path of a file with one a line
 */
import { resolve } from 'node:path';
import { fromUtf8, toHex } from '../core/bytes.js';
import {
  parseVkey,
  readWitnessed,
  type Witness,
  type WitnessedHead,
  witnessVkey,
} from '../core/evidence/cosignature.js';
import { Fault } from '../core/fault.js';
import { KIB } from '../core/limits.js';
import type { Expectation } from '../core/verify/tree.js';
import { ed25519Verify } from '../crypto/ed25519.js';
import { sha256 } from '../crypto/sha256.js';
import { type Args, Misuse } from './args.js';
import { expectation } from './expectation.js';
import { readInputBytes } from './input-file.js';
import type { CliIo } from './io.js';

export interface ExpectedEnd {
  readonly expect: Expectation | null;
  /** Whose word it is; null: the caller's own. */
  readonly seen: WitnessedHead | null;
}

const NOTE_MAX_BYTES = 64 * KIB;
const REFUSALS = {
  malformed_note: 'it is no note of a checkpoint',
  no_witness: 'no witness given (--witness) has signed it',
  bad_signature: 'the signature of a witness does not fit',
} as const;

/** @throws Misuse; Fault `note_refused`, `input_unreadable` */
export function expectedEnd(given: Args, io: CliIo): ExpectedEnd {
  const text = given.text('expect');
  if (!text?.startsWith('@')) {
    if (given.text('witness') !== null) throw new Misuse('--witness says whose signature --expect @NOTE must bear');
    return { expect: expectation(text), seen: null };
  }
  const path = text.slice(1);
  const note = fromUtf8(readInputBytes(path, io, NOTE_MAX_BYTES)) ?? '';
  const read = readWitnessed(sha256, ed25519Verify, note, witnesses(given.text('witness'), io));
  if (!read.ok) throw new Fault('note_refused', { path: resolve(io.cwd, path), why: REFUSALS[read.why] });
  return { expect: { size: read.head.size, root: toHex(read.head.root) }, seen: read.head };
}

/** @throws Fault `note_refused` when it is of another log than the files. */
export function isOfLog({ seen }: ExpectedEnd, origin: string | undefined): void {
  if (seen === null || origin === undefined || seen.origin === origin) return;
  throw new Fault('note_refused', { path: seen.origin, why: 'it is the note of another log' });
}

/** For `--json`: whose word the end is held against; null when it is the caller's own. */
export function witnessJson({ seen }: ExpectedEnd): object | null {
  if (seen === null) return null;
  const { witness, size, root } = seen;
  return { name: witness.name, vkey: witnessVkey(sha256, witness), time: timeOf(seen), size, root: toHex(root) };
}

/** For people. */
export function witnessText({ seen }: ExpectedEnd): string | null {
  return seen && `${seen.witness.name} signed ${seen.size}:${toHex(seen.root)} at ${timeOf(seen)}`;
}

function timeOf({ atSeconds }: WitnessedHead): string {
  const time = new Date(atSeconds * 1000);
  return Number.isNaN(time.getTime()) ? `second ${atSeconds}` : time.toISOString();
}

function witnesses(given: string | null, io: CliIo): readonly Witness[] {
  if (given === null)
    throw new Misuse('--expect @NOTE needs --witness', '`checkrd witness --vkey` prints what it takes');
  const own = parseVkey(sha256, given);
  const lines = own ? [given] : (fromUtf8(readInputBytes(given, io, NOTE_MAX_BYTES)) ?? '').trimEnd().split('\n');
  return lines.map(line => {
    const witness = parseVkey(sha256, line);
    if (witness === null)
      throw new Misuse('--witness is no verifier key of a witness', 'it is NAME+HASH+BASE64, one a line');
    return witness;
  });
}
