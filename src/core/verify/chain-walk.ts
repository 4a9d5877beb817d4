/**
 * The auditor's first argument: which line belongs where.
 *
 * Each line names its predecessor by hash. So a line is what it was when its successor's `prev` is its hash, and where two
 * disagree a third decides: the walk looks one line ahead before it blames.
 *
 *   seq fits, prev fits         the line belongs here
 *   seq fits, prev does not     if the line after it confirms this one (or its own signature does), the line before was
 *                               edited; if the line after contradicts it, this one was
 *   prev fits, seq does not     this line was edited: it is the successor all the same
 *   seq behind                  it fills an earlier gap (reordered), or its number was taken (duplicate_seq)
 *   seq ahead                   if the expected line comes right after, this one is displaced and waits for its turn;
 *                               otherwise lines are missing
 *   no record                   counted; the next number says whether it replaced a line (edited) or was added (foreign)
 *
 * What an edited or missing line hashed to is known from its successor's `prev`, so the tree goes on and later signatures
 * still speak. Out go the leaves in order, each once; memory is a window and bounded lists.
 */
import type { Finding, FindingCode, Gap, Place } from './findings.js';
import type { Line, OtherLine, RecordLine } from './read-record.js';

/** What the walk says about the numbers, in order, from `begin` on. */
export interface WalkSink {
  /** The first number, and the segment record that vouches for what is before it. */
  begin(seq: number, opened: RecordLine | null): void;
  /** Line `seq` hashed to `hash`. `line` is null when it is missing or not itself any more. */
  leaf(seq: number, hash: string, line: RecordLine | null): void;
  /** Numbers up to `seq` are missing and with them the tree, unless `opened` brings a frontier. */
  jump(seq: number, opened: RecordLine | null): void;
  find(code: FindingCode, place: Place | null, seq: number, detail: string, weight?: Finding['weight']): void;
  /** Whether the line's own signature confirms it; null when it has none that can be checked. */
  confirms(line: RecordLine): boolean | null;
}

/** Displaced lines that may wait, and gaps that may be filled later; more than this is no accident. */
const LISTS_MAX = 1024;

interface OpenGap {
  from: number;
  to: number;
  readonly place: Place;
  /** What the missing line hashed to, when it is one line. */
  readonly leaf: string | null;
  moved: boolean;
}

export class ChainWalk {
  readonly #sink: WalkSink;
  readonly #origin: string;
  readonly #genesis: string;
  #held: Line | null = null;
  /** The number expected next; null before the first record. */
  #next: number | null = null;
  /** What line `#next`−1 hashed to, as far as the chain says. */
  #head = '';
  /** Line `#next`−1 while it is not settled. */
  #last: { readonly line: RecordLine; readonly sound: boolean } | null = null;
  #others: OtherLine[] = [];
  readonly #early = new Map<number, RecordLine>();
  readonly #gaps: OpenGap[] = [];

  constructor(origin: string, genesis: string, sink: WalkSink) {
    this.#origin = origin;
    this.#genesis = genesis;
    this.#sink = sink;
  }

  /** One more than the last number that has its place; 0 before the first. */
  get size(): number {
    return this.#next ?? 0;
  }

  feed(line: Line): void {
    if (this.#held) this.#step(this.#held, line);
    this.#held = line;
  }

  finish(): readonly Gap[] {
    if (this.#held) this.#step(this.#held, null);
    this.#held = null;
    for (const other of this.#others) {
      const ours = other.text.includes(`"log":"${this.#origin}"`);
      this.#sink.find(ours ? 'edited' : 'foreign', other.place, this.size, sentence(other));
    }
    for (let line = this.#early.get(this.size); line?.prev === this.#head; line = this.#early.get(this.size)) {
      this.#takeEarly(line);
    }
    for (const line of this.#early.values()) {
      this.#sink.find(
        'foreign',
        line.place,
        Math.min(line.seq, this.size),
        `no place in the chain for its number ${line.seq}`,
      );
    }
    this.#settle();
    return this.#closeGaps();
  }

  #step(line: Line, ahead: Line | null): void {
    if (line.kind === 'other') {
      if (this.#others.length < LISTS_MAX) this.#others.push(line);
      return;
    }
    const follows =
      this.#next === null ? line.prev === this.#genesis : line.prev === this.#head && line.seq === this.#next;
    if (line.log !== this.#origin && !follows) {
      this.#sink.find('foreign', line.place, this.size, `a record of another log, \`${line.log}\``);
      return;
    }
    const after = ahead?.kind === 'record' && ahead.log === this.#origin ? ahead : null;
    if (this.#next === null) this.#begin(line);
    this.#resolveOthers(line);
    this.#resolveEarly(line);
    this.#place(line, after);
  }

  #begin(line: RecordLine): void {
    const opened = line.type === 'segment_opened' && this.#others.length === 0 ? line : null;
    this.#next = opened ? line.seq : 0;
    this.#head = opened ? line.prev : this.#genesis;
    this.#sink.begin(this.#next, opened);
  }

  #place(line: RecordLine, after: RecordLine | null): void {
    const next = this.size;
    if (line.prev === this.#head) {
      if (line.log !== this.#origin) this.#edited(line, 'it names another log, and follows from the line before');
      else if (line.seq !== next) this.#edited(line, `its number is ${line.seq}, and it follows from ${next - 1}`);
      else this.#accept(line, true);
    } else if (line.seq === next) this.#disagree(line, after);
    else if (line.seq < next) this.#late(line, after);
    else this.#ahead(line, after);
  }

  /** Number right, `prev` wrong: one of two lines was changed. */
  #disagree(line: RecordLine, after: RecordLine | null): void {
    const next = this.size;
    const confirms = this.#sink.confirms(line);
    const confirmed = confirms === true || (after?.seq === next + 1 && after.prev === line.hash);
    const contradicted = confirms === false || (after?.seq === next + 1 && after.prev !== line.hash);
    if (this.#last === null) {
      this.#edited(
        line,
        next === 0 ? 'its `prev` is not that of a first line of this log' : 'its `prev` names no line before it',
      );
    } else if (!this.#last.sound || confirmed) {
      // The line before is not what this one names. If that is said already, this only tells what it hashed to.
      this.#blameLast('the next line names another content for it');
      this.#head = line.prev;
      this.#accept(line, true);
    } else if (after?.seq === next && after.prev === this.#head) {
      this.#sink.find(
        'duplicate_seq',
        line.place,
        next,
        `number ${next} again at line ${after.place.line}, which fits the chain`,
      );
    } else if (contradicted) {
      this.#edited(line, 'neither the line before nor the line after agrees with it');
    } else {
      this.#blameLast(`it and line ${line.place.line} disagree, and no line after them tells which was changed`);
      this.#head = line.prev;
      this.#accept(line, true);
    }
  }

  #blameLast(detail: string): void {
    if (!this.#last?.sound) return;
    this.#sink.find('edited', this.#last.line.place, this.size - 1, detail);
    this.#last = { line: this.#last.line, sound: false };
  }

  #late(line: RecordLine, after: RecordLine | null): void {
    const gap = this.#gaps.find(g => g.from <= line.seq && line.seq < g.to);
    const last = this.#last?.line;
    const copy = last?.hash === line.hash;
    const rival = last?.prev === line.prev && last.seq === line.seq && !copy;
    if (gap) {
      this.#fill(gap, line);
    } else if (rival && after?.seq === this.size && after.prev === line.hash) {
      this.#sink.find(
        'duplicate_seq',
        last.place,
        line.seq,
        `number ${line.seq} again at line ${line.place.line}, which the chain goes on from`,
      );
      this.#last = { line, sound: true };
      this.#head = line.hash;
    } else {
      this.#sink.find(
        'duplicate_seq',
        line.place,
        line.seq,
        copy ? 'a copy of the line before' : `number ${line.seq} was taken`,
      );
    }
  }

  #ahead(line: RecordLine, after: RecordLine | null): void {
    const next = this.size;
    const turnComes = after !== null && after.seq === next && after.prev === this.#head;
    const standsForAnother = after?.seq === next + 1 && after.prev !== line.hash;
    if ((turnComes || standsForAnother) && this.#early.size < LISTS_MAX && !this.#early.has(line.seq)) {
      this.#early.set(line.seq, line);
      return;
    }
    this.#miss(next, line);
    this.#accept(line, true);
  }

  /** Numbers `from` … `line.seq`−1 are not here. Leaves `#head` at what `line` names. */
  #miss(from: number, line: RecordLine): void {
    const leaf = line.seq === from + 1 ? line.prev : null;
    if (this.#gaps.length < LISTS_MAX) this.#gaps.push({ from, to: line.seq, place: line.place, leaf, moved: false });
    else this.#sink.find('missing', line.place, from, numbers(from, line.seq));
    this.#skipTo(line);
  }

  /** Goes on at `line` although what is before it was not read; one line's hash is still known. */
  #skipTo(line: RecordLine): void {
    this.#settle();
    if (line.seq === this.size + 1) this.#sink.leaf(this.size, line.prev, null);
    else this.#sink.jump(line.seq, line.type === 'segment_opened' ? line : null);
    this.#next = line.seq;
    this.#head = line.prev;
  }

  /** A record came: the lines before it that are none either stood in for numbers, or were added. */
  #resolveOthers(line: RecordLine): void {
    if (this.#others.length === 0) return;
    const others = this.#others;
    this.#others = [];
    const next = this.size;
    const lost = line.prev === this.#head ? 0 : line.seq - next;
    const recovered = line.type === 'segment_opened' && line.record.reason === 'recovered' && lost === 0;
    for (const other of others) {
      if (lost > 0) this.#sink.find('edited', other.place, next, sentence(other));
      else if (recovered)
        this.#sink.find('torn_tail', other.place, next, 'a damaged end; the next segment says so', 'doubt');
      else this.#sink.find('foreign', other.place, next, sentence(other));
    }
    if (lost > others.length) this.#miss(next + others.length, line);
    else if (lost > 0) this.#skipTo(line);
  }

  /** Displaced lines whose turn it is. */
  #resolveEarly(line: RecordLine): void {
    for (let early = this.#early.get(this.size); early; early = this.#early.get(this.size)) {
      if (line.seq === this.size) {
        this.#early.delete(early.seq);
        const same = early.hash === line.hash ? 'a copy of' : 'the number of';
        this.#sink.find(
          'duplicate_seq',
          early.place,
          Math.min(early.seq, this.size),
          `${same} line ${line.place.line}`,
        );
      } else if (early.prev === this.#head) this.#takeEarly(early);
      else return;
    }
  }

  #takeEarly(line: RecordLine): void {
    this.#early.delete(line.seq);
    this.#sink.find('reordered', line.place, line.seq, `record ${line.seq} stands too early`);
    this.#accept(line, true);
  }

  #fill(gap: OpenGap, line: RecordLine): void {
    if (gap.leaf !== null && gap.leaf !== line.hash) {
      this.#sink.find('edited', line.place, line.seq, 'moved here and changed: its successor names another content');
    }
    if (!gap.moved) {
      this.#sink.find('reordered', gap.place, gap.from, `record ${line.seq} stands at line ${line.place.line} instead`);
    }
    gap.moved = true;
    if (line.seq + 1 < gap.to && this.#gaps.length < LISTS_MAX) this.#gaps.push({ ...gap, from: line.seq + 1 });
    gap.to = line.seq;
  }

  #edited(line: RecordLine, detail: string): void {
    this.#sink.find('edited', line.place, this.size, detail);
    this.#accept(line, false);
  }

  #accept(line: RecordLine, sound: boolean): void {
    const seq = this.size;
    this.#settle();
    this.#last = { line, sound };
    this.#head = line.hash;
    this.#next = seq + 1;
  }

  /** The line before is final: hand over its leaf, and the line itself if it is still the one that was written. */
  #settle(): void {
    if (this.#last) this.#sink.leaf(this.size - 1, this.#head, this.#last.sound ? this.#last.line : null);
    this.#last = null;
  }

  #closeGaps(): readonly Gap[] {
    const open = this.#gaps.filter(gap => gap.from < gap.to).sort((a, b) => a.from - b.from);
    for (const gap of open) this.#sink.find('missing', gap.place, gap.from, numbers(gap.from, gap.to));
    return open.map(({ from, to }) => ({ from, to }));
  }
}

function numbers(from: number, to: number): string {
  return to === from + 1 ? `record ${from} is not here` : `records ${from} to ${to - 1} are not here`;
}

function sentence(line: OtherLine): string {
  switch (line.problem) {
    case 'too_long':
      return 'longer than any record';
    case 'not_utf8':
      return 'not UTF-8';
    case 'not_json':
      return 'not JSON';
    case 'not_canonical':
      return 'a record in another spelling than the canonical one';
    default:
      return `not a record (${line.problem})`;
  }
}
