/**
 * Verifies one log from its files alone, line by line, in memory that does not grow with it.
 *
 * The argument, in the order of an auditor:
 *   1. each line is a record (read-record)
 *   2. each record stands where its number says, and is what its successor names (chain-walk)
 *   3. the tree over those lines is the one that was signed, by a key the auditor brought (evidence, tree, key-ring)
 *   4. the end is where somebody else saw it (`expect`)
 *
 * It reaches nothing that writes a log, and goes on after the first thing that is wrong.
 *
 * @example
 *   const log = new LogVerifier(ports, { origin, keys, expect: null });
 *   for each file in the order of first numbers:
 *     for each line: log.line(place, bytes)
 *     if bytes are left: log.torn(place, bytesLeft), or log.accounted(place, account) when the next file speaks of them
 *   const report = log.finish();
 */

import { genesisPrev } from '../audit/chain.js';
import { keyId } from '../audit/key-id.js';
import { rootOf } from '../audit/merkle.js';
import { toHex } from '../bytes.js';
import type { Sha256Text } from '../ports.js';
import { ChainWalk } from './chain-walk.js';
import type { BlockDigest } from './digest.js';
import type { EndAccount } from './end-account.js';
import { type Beside, NOTHING_BESIDE } from './end-evidence.js';
import { EpochTable } from './epoch-table.js';
import { Evidence, type EvidencePorts } from './evidence.js';
import {
  type Finding,
  type FindingCode,
  MAX_FINDINGS,
  MAX_NOTES,
  type Place,
  type Report,
  type Verdict,
  type Weight,
} from './findings.js';
import { KeyRing, pinnedKeys } from './key-ring.js';
import { type Line, readRecord } from './read-record.js';
import { type Expectation, OpenTree } from './tree.js';

export interface VerifyPorts extends EvidencePorts {
  readonly sha256Text: Sha256Text;
}

export interface VerifyOptions {
  /** Which log: a line of another one is foreign. */
  readonly origin: string;
  /** Public keys (32 bytes) that the caller trusts; none: origin unproven. */
  readonly keys: readonly Uint8Array[];
  /** Public keys of identities (32 bytes), one of which must have endorsed the log; absent: none need have. */
  readonly identities?: readonly Uint8Array[];
  /** A size and root kept elsewhere. */
  readonly expect: Expectation | null;
  /** What lies beside the files; absent: nothing. */
  readonly beside?: Beside;
}

/** Met by no tree. */
const UNEXPECTED: Expectation = { size: -1, root: '' };
const [BY_CALLER, BY_STATE] = [0, 1] as const;

interface Attested {
  readonly to: number;
  readonly by: string;
}

export class LogVerifier {
  readonly #ports: VerifyPorts;
  readonly #options: VerifyOptions;
  readonly #beside: Beside;
  readonly #table: EpochTable;
  readonly #walk: ChainWalk;
  readonly #evidence: Evidence;
  readonly #findings: Finding[] = [];
  readonly #files = new Map<string, number>();
  #count = 0;
  #tamperedFrom = Number.POSITIVE_INFINITY;
  readonly #notes: Finding[] = [];
  /** An end without a newline, until the next file says what it knows of it. */
  #torn: { readonly place: Place; readonly bytes: number } | null = null;

  constructor(ports: VerifyPorts, options: VerifyOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#beside = options.beside ?? NOTHING_BESIDE;
    const pinned = pinnedKeys(ports.sha256, options.keys);
    this.#table = new EpochTable(ports, options.origin, pinned, this.#beside.epochs);
    const { state } = this.#beside;
    const stated = state && { size: state.state.size, root: toHex(rootOf(ports.sha256, state.state.frontier)) };
    this.#evidence = new Evidence(
      ports,
      options.origin,
      new KeyRing(ports.sha256, ports.verify, pinned, this.#table),
      this.#table,
      new OpenTree(ports.sha256, [options.expect ?? UNEXPECTED, stated ?? UNEXPECTED]),
      options.identities ?? [],
      (code, place, seq, detail, weight) => this.#find({ code, weight: weight ?? 'tampered', place, seq, detail }),
    );
    this.#walk = new ChainWalk(options.origin, genesisPrev(ports.sha256Text, options.origin), this.#evidence);
  }

  /** One line, without its newline. The bytes are not kept. */
  line(place: Place, bytes: Uint8Array): void {
    this.take(readRecord(this.#ports.sha256Text, place, bytes));
  }

  /** The lines that come next, as they were digested: what was made of them there need not be made again. */
  offer({ subtrees, hashes }: Pick<BlockDigest, 'subtrees' | 'hashes'>): void {
    if (subtrees !== null) this.#evidence.tree.offer(subtrees, hashes);
  }

  /** As {@link line}, read already. */
  take(line: Line): void {
    this.#note(line.place);
    this.#judgeTorn(line);
    this.#walk.feed(line);
  }

  /** A compressed file did not end as one does. `detail`: why it is spoiled, or how many bytes trail. */
  unpacked(place: Place, ending: 'cut_short' | 'spoiled' | 'trailing', detail: string): void {
    this.#note(place);
    const seq = this.#walk.size;
    if (ending === 'cut_short') {
      this.#find({
        code: 'torn_tail',
        weight: 'doubt',
        place,
        seq,
        detail: 'the compressed data stops before its end',
      });
    } else {
      const [code, what] =
        ending === 'spoiled'
          ? (['edited', `the compressed data is spoiled: ${detail}`] as const)
          : (['foreign', `${detail} bytes after the end of the compressed data`] as const);
      this.#find({ code, weight: 'tampered', place, seq, detail: what });
    }
  }

  /** A file ended with `bytes` bytes after its last newline. */
  torn(place: Place, bytes: number): void {
    this.#note(place);
    this.#judgeTorn(null);
    this.#torn = { place, bytes };
  }

  /** What stands from `place` to the end of its file has the length and digest of `account`, and was not read. */
  accounted(place: Place, { cause, bytes }: EndAccount): void {
    this.#note(place);
    const what = cause === 'write_failed' ? 'left by a write that failed' : 'damaged before the writer went on';
    const detail = `${bytes} bytes ${what}, as the next file says`;
    this.#find({ code: 'torn_tail', weight: 'note', place, seq: this.#walk.size, detail });
  }

  finish(): Report {
    const gaps = this.#walk.finish();
    const { size } = this.#walk;
    this.#judgeTorn(null);
    const evidence = this.#evidence;
    const root = evidence.tree.finish();
    const attested = [this.#judgeExpected(size), this.#judgeState(size), this.#judgeEpochs(size)];
    const [best] = attested.filter(one => one !== null).sort((a, b) => b.to - a.to);
    this.#judgeEndorsed();
    const intactTo = Math.max(evidence.firstSeq, Math.min(size, this.#tamperedFrom));
    const signedTo = Math.min(evidence.signedTo, intactTo);
    return {
      verdict: this.#verdict(signedTo > evidence.firstSeq),
      origin: this.#options.origin,
      firstSeq: evidence.firstSeq,
      size,
      intactTo,
      signedTo,
      keyIds: [...evidence.goodKeyIds],
      pinned: evidence.keys.pinned,
      endorsed: evidence.endorsed,
      attestedTo: best?.to ?? null,
      attestedBy: best?.by ?? null,
      gaps,
      findings: this.#findings.sort((a, b) => this.#order(a) - this.#order(b) || doubtsLast(a) - doubtsLast(b)),
      findingCount: this.#count,
      notes: this.#notes,
      root,
    };
  }

  /** Compares with what was written down elsewhere; null when nothing was given or it cannot be compared. */
  #judgeExpected(size: number): Attested | null {
    const { expect } = this.#options;
    if (expect === null) return null;
    const met = this.#evidence.tree.met(BY_CALLER);
    if (met) return { to: expect.size, by: '--expect' };
    const seq = this.#evidence.firstSeq;
    if (met === false) {
      this.#end('expect_mismatch', seq, `the first ${expect.size} records have another root than expected`);
    } else if (size < expect.size) {
      this.#end('truncated', size, `the log ends at ${size} records and had ${expect.size}`);
    } else {
      this.#end('expect_mismatch', seq, 'the root at that size cannot be computed from these files', 'doubt');
    }
    return null;
  }

  /** Whoever names identities wants the log of one of them. */
  #judgeEndorsed(): void {
    const { endorsed, firstSeq } = this.#evidence;
    const given = (this.#options.identities ?? []).map(key => keyId(this.#ports.sha256, key));
    if (given.length === 0 || (endorsed !== null && given.includes(endorsed.by))) return;
    const why =
      endorsed === null
        ? 'no record here is endorsed by an identity'
        : `it is endorsed by ${endorsed.by}, not by one given`;
    this.#end('wrong_key', firstSeq, why, 'doubt');
  }

  /** Compares with the state file beside the log. What no key of the log signed says nothing. */
  #judgeState(size: number): Attested | null {
    const { state: beside, judgesEnd } = this.#beside;
    if (beside === null) return null;
    const { file, state, signedBy } = beside;
    const { keys, tree, firstSeq } = this.#evidence;
    const signers = [...keys.all(), ...this.#table.rotations.map(({ key }) => key)];
    if (!signers.some(key => keys.proves(key) && signedBy(key.key))) {
      this.#end(
        'recovered',
        size,
        `the state file ${file} is not signed by a key of this log and was not used`,
        'note',
      );
      return null;
    }
    const met = tree.met(BY_STATE);
    if (met) return { to: state.size, by: file };
    if (met === false)
      this.#end('expect_mismatch', firstSeq, `${file} knows another root of the first ${state.size} records`);
    else if (size < state.size && judgesEnd) {
      this.#end('truncated', size, `the log ends at ${size} records, and ${file} knows of ${state.size}`);
    }
    return null;
  }

  /** Each rotation that the `.epochs` file holds was a record of the log. */
  #judgeEpochs(size: number): Attested | null {
    const last = this.#table.rotations.at(-1);
    if (last && size <= last.seq && this.#beside.judgesEnd) {
      this.#end(
        'truncated',
        size,
        `the log ends at ${size} records, and its \`.epochs\` file holds record ${last.seq}`,
      );
    }
    const { rotatedTo } = this.#evidence;
    return rotatedTo > 0 ? { to: rotatedTo, by: 'the `.epochs` file' } : null;
  }

  #end(code: FindingCode, seq: number, detail: string, weight: Weight = 'tampered'): void {
    this.#find({ code, weight, place: null, seq, detail });
  }

  /** Fails closed: without a pinned key anybody could have written all of it, so nothing more is said than that. */
  #verdict(signed: boolean): Verdict {
    if (this.#tamperedFrom !== Number.POSITIVE_INFINITY) return 'tampered';
    return signed && this.#evidence.keys.pinned && this.#count === 0 ? 'intact' : 'cannot_say';
  }

  /** @param next The line that was read after it, null when there is none. */
  #judgeTorn(next: Line | null): void {
    if (this.#torn === null) return;
    const { place, bytes } = this.#torn;
    this.#torn = null;
    const detail = `${bytes} bytes after the last newline`;
    const opened = next?.kind === 'record' && next.type === 'segment_opened' ? next : null;
    // The writer was alive, or had closed the log, when they came: no crash of its own left them.
    if (opened?.record.reason === 'foreign_bytes') {
      this.#find({
        code: 'foreign',
        weight: 'tampered',
        place,
        seq: opened.seq,
        detail: `${detail}, not the writer's`,
      });
    } else this.#find({ code: 'torn_tail', weight: 'doubt', place, seq: opened?.seq ?? this.#walk.size, detail });
  }

  #find(finding: Finding): void {
    if (finding.weight === 'note') {
      if (this.#notes.length < MAX_NOTES) this.#notes.push(finding);
      return;
    }
    this.#count++;
    if (finding.weight === 'tampered') this.#tamperedFrom = Math.min(this.#tamperedFrom, finding.seq);
    if (this.#findings.length < MAX_FINDINGS) this.#findings.push(finding);
  }

  #note(place: Place): void {
    if (!this.#files.has(place.file)) this.#files.set(place.file, this.#files.size);
  }

  /** Files in the order they were read, lines within them, what has no place last. */
  #order({ place }: Finding): number {
    return place ? (this.#files.get(place.file) ?? 0) * 2 ** 40 + place.line : Number.MAX_SAFE_INTEGER;
  }
}

/** Of two findings at one place, what is certain comes first: the other often follows from it. */
const doubtsLast = ({ weight }: Finding): number => (weight === 'doubt' ? 1 : 0);
