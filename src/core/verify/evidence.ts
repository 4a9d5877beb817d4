/**
 * The auditor's second argument: what the records say about the log itself, and who signed it.
 *
 * Gets each line once, in order, after the chain has settled that it is the one that was written. A checkpoint counts when
 * its key is known, its own signature and its note's are good, and the tree over the lines has the head and root it names;
 * then its own line and all before it are signed.
 */
import { verifyEndorsement } from '../audit/endorsement.js';
import { keyId } from '../audit/key-id.js';
import { decodeFrontier } from '../audit/merkle.js';
import { verifyCheckpointNote } from '../audit/note.js';
import { verifyRecordSignature } from '../audit/record-signature.js';
import { toHex } from '../bytes.js';
import type { Ed25519Verify, Sha256 } from '../ports.js';
import type { WalkSink } from './chain-walk.js';
import type { EpochTable } from './epoch-table.js';
import type { Endorsed, FindingCode } from './findings.js';
import { isFault, type KeyFault, type KeyRing } from './key-ring.js';
import type { RecordLine } from './read-record.js';
import type { OpenTree } from './tree.js';

export type Find = WalkSink['find'];

export interface EvidencePorts {
  readonly sha256: Sha256;
  readonly verify: Ed25519Verify;
}

const LINES_LOST = {
  truncated: 'the file before was cut while it was being written, and its lines are not among these files',
  tail_lost: 'lines were gone when the writer started, and are not among these files',
};
const OTHER_ROTATION = 'the `.epochs` file holds another rotation at this number';
const NO_STATE = 'the writer had no state of its own here; a log cut short before this record would look the same';

export class Evidence implements WalkSink {
  readonly find: Find;
  readonly tree: OpenTree;
  readonly keys: KeyRing;
  readonly goodKeyIds = new Set<string>();
  firstSeq = 0;
  /** All numbers below it are covered by a good signature over what was written. */
  signedTo = 0;
  /** All numbers below it are confirmed by the `.epochs` file. */
  rotatedTo = 0;
  /** Whose log it says it is. */
  endorsed: Endorsed | null = null;
  readonly #ports: EvidencePorts;
  readonly #identities: readonly Uint8Array[];
  readonly #origin: string;
  /** Leaf hashes of the rotations that the `.epochs` file holds, by number. */
  readonly #rotations: ReadonlyMap<number, string>;

  constructor(
    ports: EvidencePorts,
    origin: string,
    keys: KeyRing,
    table: EpochTable,
    tree: OpenTree,
    identities: readonly Uint8Array[],
    find: Find,
  ) {
    this.#identities = identities;
    this.#ports = ports;
    this.#origin = origin;
    this.#rotations = new Map(table.rotations.map(({ seq, hash }) => [seq, hash]));
    this.find = find;
    this.tree = tree;
    this.keys = keys;
  }

  begin(seq: number, opened: RecordLine | null): void {
    this.firstSeq = seq;
    this.signedTo = seq;
    if (opened) this.tree.restart(frontierOf(opened));
    // A cut and a rotation by copying look alike: the lines must be among the files.
    if (opened?.record.reason === 'truncated') this.#say('missing', opened, LINES_LOST.truncated);
  }

  jump(_seq: number, opened: RecordLine | null): void {
    this.keys.lose();
    this.tree.restart(opened && frontierOf(opened));
  }

  leaf(seq: number, hash: string, line: RecordLine | null): void {
    if (line) this.#read(line);
    else this.keys.lose();
    this.tree.add(hash);
    const rotation = this.#rotations.get(seq);
    if (rotation === hash) this.rotatedTo = seq + 1;
    else if (rotation !== undefined) this.find('expect_mismatch', line?.place ?? null, seq, OTHER_ROTATION);
  }

  confirms(line: RecordLine): boolean | null {
    if (line.record.sig === undefined) return null;
    // `key_rotated` names the key that follows; every other record that names one, the key that signed it.
    const { key_id } = line.type === 'key_rotated' ? {} : line.record;
    const keys = this.keys.all().filter(({ id }) => key_id === undefined || id === key_id);
    if (keys.length === 0) return null;
    return keys.some(({ key }) => verifyRecordSignature(this.#ports.verify, key, line.record));
  }

  #read(line: RecordLine): void {
    switch (line.type) {
      case 'checkpoint':
        this.#checkpoint(line);
        return;
      case 'log_started':
        if (line.seq !== 0) this.#say('bad_segment', line, 'a log starts with its first record only');
        this.#blame(line, this.keys.begin(line));
        this.#endorsed(line);
        break;
      case 'segment_opened':
        this.#opened(line);
        this.#blame(line, this.keys.open(line));
        break;
      case 'key_rotated':
        this.#blame(line, this.keys.rotate(line));
        return;
      case 'segment_closed':
        if (line.record.size !== line.seq) this.#say('bad_segment', line, 'its `size` is not its own number');
        if (line.record.head !== line.prev) this.#say('bad_segment', line, 'its `head` is not the line before');
        break;
      case 'recovered':
        this.#recovered(line);
        break;
    }
    if (this.confirms(line) === false) this.#say('bad_signature', line, 'its `sig` does not fit');
  }

  #blame(line: RecordLine, fault: KeyFault | null): undefined {
    if (fault !== null) this.find(fault.code, line.place, line.seq, fault.detail, fault.weight);
  }

  /** Of the identities given the one that the record names must have signed; another one proves nothing to this auditor. */
  #endorsed(line: RecordLine): void {
    const { endorsed_by: by, endorsement } = line.record;
    if (by === undefined && endorsement === undefined) return;
    if (typeof by !== 'string' || typeof endorsement !== 'string') {
      this.#say('bad_signature', line, 'it is endorsed by half: key ID or signature is missing');
      return;
    }
    const { sha256, verify } = this.#ports;
    const identity = this.#identities.find(key => keyId(sha256, key) === by);
    const proven = identity !== undefined && verifyEndorsement(verify, identity, line.record);
    this.endorsed = { by, proven };
    if (identity !== undefined && !proven) this.#say('bad_signature', line, `identity ${by} has not endorsed it`);
  }

  #opened(line: RecordLine): undefined {
    if (line.record.size !== line.seq) return this.#say('bad_segment', line, 'its `size` is not its own number');
    const known = this.tree.frontier();
    if (frontierOf(line) === null) return this.#say('bad_segment', line, 'its `frontier` is none of that size');
    if (known !== null && known !== line.record.frontier) {
      this.#say('bad_segment', line, 'its `frontier` is not that of the lines before');
    }
  }

  #recovered(line: RecordLine): void {
    const { cause, to } = line.record;
    if (cause === 'state_rebuilt') this.find('recovered', line.place, line.seq, NO_STATE, 'note');
    // With earlier files given, the chain itself says whether the lines are back.
    if (cause === 'tail_lost' && this.firstSeq > 0 && to === this.firstSeq)
      this.find('missing', line.place, this.firstSeq, LINES_LOST.tail_lost);
  }

  #checkpoint(line: RecordLine): undefined {
    const { size, head, root, key_id, note } = line.record;
    if (typeof size !== 'number' || typeof note !== 'string' || size > line.seq || size < 0) {
      return this.#say('bad_checkpoint', line, 'its `size` or `note` is none');
    }
    const turn = this.keys.turn(key_id, line.seq);
    if (isFault(turn)) return this.#blame(line, turn);
    const { key } = turn;
    if (!verifyRecordSignature(this.#ports.verify, key, line.record)) {
      return this.#say('bad_signature', line, 'its `sig` does not fit');
    }
    const noted = verifyCheckpointNote(this.#ports.sha256, this.#ports.verify, note, this.#origin, key);
    if (!noted.ok) {
      const code =
        noted.reason === 'bad_signature' ? 'bad_signature' : noted.reason === 'other_key' ? 'wrong_key' : null;
      return this.#say(code ?? 'bad_checkpoint', line, `its note: ${noted.reason.replace('_', ' ')}`);
    }
    if (noted.checkpoint.size !== size || toHex(noted.checkpoint.root) !== root) {
      return this.#say('bad_checkpoint', line, 'its note says another size or root');
    }
    this.keys.signed(turn);
    const lines = this.tree.at(size);
    // Lines are missing before it: it is authentic, and what it covers cannot be rebuilt. The gap is reported already.
    if (lines === 'unknown') return;
    if (lines === 'past') return this.#disproved(line, 'its `size` is below that of an earlier checkpoint');
    if (lines.root !== root) return this.#disproved(line, `the first ${size} lines have another root than was signed`);
    if (lines.head !== null && lines.head !== head)
      return this.#disproved(line, '`head` is not the last line it covers');
    if (!this.keys.proves(turn)) return;
    this.signedTo = line.seq + 1;
    this.goodKeyIds.add(String(key_id));
  }

  /** What was signed and what stands here differ, somewhere after the last checkpoint that agreed. */
  #disproved(line: RecordLine, detail: string): undefined {
    this.find('bad_checkpoint', line.place, this.signedTo, detail);
  }

  #say(code: FindingCode, line: RecordLine, detail: string): undefined {
    this.find(code, line.place, line.seq, detail);
  }
}

function frontierOf(opened: RecordLine) {
  const { frontier, size } = opened.record;
  if (typeof frontier !== 'string' || size !== opened.seq) return null;
  return decodeFrontier(frontier, opened.seq);
}
