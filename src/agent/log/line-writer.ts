/**
 * Lines into a file: builds, chains, writes. The one place where `seq` grows, and only after the kernel has the line.
 */
import { LEAF_PREFIX } from '../../core/audit/chain.js';
import type { CheckpointFields, KeyRotatedFields, RecordFields } from '../../core/audit/fields.js';
import { signSuccession } from '../../core/audit/key-rotation.js';
import { rootOf } from '../../core/audit/merkle.js';
import { signCheckpoint } from '../../core/audit/note.js';
import { recordFields, recordLine, signedRecordLine } from '../../core/audit/record.js';
import { signRecord } from '../../core/audit/record-signature.js';
import { type Position, Tip } from '../../core/audit/tip.js';
import { toHex } from '../../core/bytes.js';
import { Fault } from '../../core/fault.js';
import { AUDIT_LINE_MAX_BYTES } from '../../core/limits.js';
import { sha256, sha256Digest, sha256Text } from '../../crypto/sha256.js';
import type { AppendFile, WriteFailure } from '../../disk/append.js';
import type { LogKey, LogKeys } from './keys.js';
import { timeText } from './time-text.js';

const LF = 0x0a;
const UTF8_MAX_BYTES_PER_UNIT = 3;
const LINE_AT = LEAF_PREFIX.length;

export class LineWriter {
  readonly tip: Tip;
  /** What the last checkpoint says. */
  head: { readonly size: number; readonly root: string } | null = null;
  /** The leaf's prefix, the line, its newline: one encoding serves the hash and the write. */
  readonly #buffer = Buffer.allocUnsafe(LINE_AT + AUDIT_LINE_MAX_BYTES * UTF8_MAX_BYTES_PER_UNIT + 1);

  constructor(
    readonly log: string,
    private readonly keys: LogKeys,
    from: Position,
    /** `sig` on every record. */
    private readonly signsAll: boolean,
  ) {
    this.tip = new Tip(sha256, from);
    this.#buffer.set(LEAF_PREFIX);
  }

  /**
   * Appends one record. Null: it is in the kernel and counted. Otherwise nothing is counted.
   * @throws Fault `internal` for a record that cannot be a line.
   */
  write(file: AppendFile, record: RecordFields, wallMs: number): WriteFailure | null {
    const place = { log: this.log, seq: this.tip.size, prev: this.tip.head, time: timeText(wallMs) };
    const { sign } = this.keys.current;
    const line = this.signsAll
      ? signedRecordLine(sha256Text, sign, place, record)
      : recordLine(sha256Text, place, record);
    return this.#put(file, line);
  }

  /** Appends a checkpoint over `covered`, the lines known to be on disk. */
  writeCheckpoint(file: AppendFile, covered: Position, wallMs: number): WriteFailure | null {
    const { log } = this;
    const key = this.keys.current;
    const root = rootOf(sha256, covered.frontier);
    const note = signCheckpoint(sha256, key.sign, key.publicKey, { origin: log, size: covered.size, root });
    const { size, head } = covered;
    const record: CheckpointFields = {
      type: 'checkpoint',
      size,
      head,
      root: toHex(root),
      key_id: key.id,
      note,
      sig: '',
    };
    const place = { log, seq: this.tip.size, prev: this.tip.head, time: timeText(wallMs) };
    const sig = signRecord(key.sign, recordFields(place, record));
    const failed = this.#put(file, recordLine(sha256Text, place, { ...record, sig }));
    if (failed === null) this.head = { size, root: record.root };
    return failed;
  }

  /** Appends `key_rotated`, by which the key in force certifies `next`; gives the line for the copy that is kept. */
  writeRotation(file: AppendFile, epoch: number, next: LogKey, wallMs: number): WriteFailure | string {
    const { sign } = this.keys.current;
    const place = { log: this.log, seq: this.tip.size, prev: this.tip.head, time: timeText(wallMs) };
    const { seq, prev } = place;
    const signature = signSuccession(sign, { origin: this.log, seq, prev, publicKey: next.publicKey });
    const record: KeyRotatedFields = {
      type: 'key_rotated',
      epoch,
      key_id: next.id,
      public_key: next.publicKeyText,
      signature,
      sig: '',
    };
    const line = recordLine(sha256Text, place, { ...record, sig: signRecord(sign, recordFields(place, record)) });
    return this.#put(file, line) ?? line;
  }

  #put(file: AppendFile, line: string): WriteFailure | null {
    const buffer = this.#buffer;
    const length = line.length > AUDIT_LINE_MAX_BYTES ? line.length : buffer.write(line, LINE_AT, 'utf8');
    if (length > AUDIT_LINE_MAX_BYTES) throw new Fault('internal', { what: `an audit line of ${length} bytes` });
    buffer[LINE_AT + length] = LF;
    const failed = file.write(buffer, LINE_AT, length + 1);
    if (failed === null) this.tip.push(sha256Digest(buffer.subarray(0, LINE_AT + length)));
    return failed;
  }
}
