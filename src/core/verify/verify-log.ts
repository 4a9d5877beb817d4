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
import type { Sha256Text } from '../ports.js';
import { ChainWalk } from './chain-walk.js';
import type { EndAccount } from './end-account.js';
import { Evidence, type EvidencePorts } from './evidence.js';
import { type Finding, MAX_FINDINGS, MAX_NOTES, type Place, type Report, type Verdict } from './findings.js';
import { type Line, readRecord } from './read-record.js';
import type { Expectation } from './tree.js';

export interface VerifyPorts extends EvidencePorts {
  readonly sha256Text: Sha256Text;
}

export interface VerifyOptions {
  /** Which log: a line of another one is foreign. */
  readonly origin: string;
  /** Public keys (32 bytes) that the caller trusts; none: origin unproven. */
  readonly keys: readonly Uint8Array[];
  /** A size and root kept elsewhere. */
  readonly expect: Expectation | null;
}

export class LogVerifier {
  readonly #ports: VerifyPorts;
  readonly #options: VerifyOptions;
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
    this.#evidence = new Evidence(
      ports,
      options.origin,
      options.keys,
      options.expect,
      (code, place, seq, detail, weight) => this.#find({ code, weight: weight ?? 'tampered', place, seq, detail }),
    );
    this.#walk = new ChainWalk(options.origin, genesisPrev(ports.sha256Text, options.origin), this.#evidence);
  }

  /** One line, without its newline. The bytes are not kept. */
  line(place: Place, bytes: Uint8Array): void {
    this.#note(place);
    const line = readRecord(this.#ports.sha256Text, place, bytes);
    this.#judgeTorn(line);
    this.#walk.feed(line);
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
    const attestedTo = this.#judgeEnd(size);
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
      attestedTo,
      gaps,
      findings: this.#findings.sort((a, b) => this.#order(a) - this.#order(b)),
      findingCount: this.#count,
      notes: this.#notes,
      root,
    };
  }

  /** Compares with what was written down elsewhere; null when nothing was given or it cannot be compared. */
  #judgeEnd(size: number): number | null {
    const { expect } = this.#options;
    if (expect === null) return null;
    const { expected } = this.#evidence.tree;
    if (expected === 'met') return expect.size;
    const seq = this.#evidence.firstSeq;
    if (expected === 'unmet') {
      const detail = `the first ${expect.size} records have another root than expected`;
      this.#find({ code: 'expect_mismatch', weight: 'tampered', place: null, seq, detail });
    } else if (size < expect.size) {
      const detail = `the log ends at ${size} records and had ${expect.size}`;
      this.#find({ code: 'truncated', weight: 'tampered', place: null, seq: size, detail });
    } else {
      const detail = 'the root at that size cannot be computed from these files';
      this.#find({ code: 'expect_mismatch', weight: 'doubt', place: null, seq, detail });
    }
    return null;
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
