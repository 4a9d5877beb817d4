import { resolve } from 'node:path';
import { type FlatRecord, parseLine } from '../core/audit/canonical.js';
import { boundedText } from '../core/audit/text.js';
import { fromUtf8 } from '../core/bytes.js';
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import { RecordFilter, type Wanted } from '../core/report/record-filter.js';
import type { Restore } from '../core/verify/shipped.js';
import { followLines } from '../disk/follow-lines.js';
import { readLines } from '../disk/read-lines.js';
import { type Args, Misuse } from './args.js';
import { painter } from './colour.js';
import { ANY, COUNT, FILE } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { readMissed } from './missed-records.js';
import { WANTED_FLAGS, wantedRecords } from './record-flags.js';
import { COPY_LINE_MAX_BYTES, FROM, restoreFrom } from './restore-from.js';

const LINES_DEFAULT = 10;
const LINES_MAX = 10_000;
const FOLLOW_EVERY_MS = 200;
/** Said once by the line's beginning, or of use to `verify` only. */
const HIDDEN = new Set(['v', 'log', 'seq', 'prev', 'time', 'type', 'note', 'sig', 'frontier', 'nonce', 'root', 'head']);

export const tail: Command = {
  name: 'tail',
  summary: 'show the last records of audit logs, and follow them',
  synopsis: [
    '[--lines N] [--follow] [--since TIME] [--agent ID] [--result RESULT] [--code CODE] [--rule NAME] [--host HOST] [--type TYPE] [--from SHIPPER] [--json] FILE...',
  ],
  about: `
Prints the last N records (10), one a line; of several files in the order of their times. --json prints the records as they
are in the file. Nothing is verified: \`checkrd verify\` does that.`,
  operands: { min: 1, max: ANY, what: 'at least one file of a log', takes: FILE },
  flags: {
    lines: { takes: COUNT, means: 'how many' },
    follow: { means: 'goes on with new ones, across rotation, until interrupted' },
    ...WANTED_FLAGS,
    from: FROM,
  },
  notes: `
Agent, code, rule and host of an outcome are those of its decision. All that is asked for must hold.`,
  exit: { ok: 'printed', unknown: 'a file cannot be read' },
  run: (given, io) => runTail(given, io, new AbortController().signal),
};

/** @param stop Ends `--follow`; the command itself ends with its process. */
export async function runTail(given: Args, io: CliIo, stop: AbortSignal): Promise<number> {
  const count = lineCount(given.text('lines'), given.text('since') !== null);
  const show = given.on('json') ? asItIs : forPeople(io);
  const last = new LastLines(count);
  let live = false;
  const restore = restoreFrom(given);
  const files = given.words.map(word => {
    const label = given.words.length > 1 && !given.on('json') ? `${boundedText(word, LABEL_MAX_BYTES)}: ` : '';
    return new TailedFile(
      resolve(io.cwd, word),
      wantedRecords(given),
      restore,
      text => io.err(`${label}${text}`),
      (line, time) => {
        if (live) io.out(`${label}${show(line)}`);
        else last.add(`${label}${show(line)}`, time);
      },
    );
  });
  const begin = (): void => {
    for (const line of last.inOrder()) io.out(line);
    if (last.left > 0 && given.text('since') !== null)
      io.err(`note: ${last.left} earlier records are not shown (--lines)`);
    live = true;
  };
  if (!given.on('follow')) {
    for (const file of files) file.read();
    begin();
    return EXIT.ok;
  }
  let behind = files.length;
  const caughtUp = (): void => {
    behind--;
    if (behind === 0) begin();
  };
  await Promise.all(files.map(file => file.follow(caughtUp, stop)));
  return EXIT.ok;
}

const LABEL_MAX_BYTES = 256;

function lineCount(text: string | null, since: boolean): number {
  if (text === null) return since ? LINES_MAX : LINES_DEFAULT;
  const count = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= LINES_MAX)) throw new Misuse(`--lines is a number from 0 to ${LINES_MAX}`);
  return count;
}

/** One file: which of its lines are meant, and whether a number is missing between them. */
class TailedFile {
  readonly #path: string;
  readonly #filter: RecordFilter;
  readonly #restore: Restore | null;
  readonly #maxBytes: number;
  readonly #say: (text: string) => void;
  readonly #give: (line: Line, time: string) => void;
  #log = '';
  #next = 0;
  /** Of the last record, for a line that has none. */
  #time = '';
  #following = false;

  constructor(
    path: string,
    wanted: Wanted,
    restore: Restore | null,
    say: (text: string) => void,
    give: (line: Line, time: string) => void,
  ) {
    this.#restore = restore;
    this.#maxBytes = restore ? COPY_LINE_MAX_BYTES : AUDIT_LINE_MAX_BYTES;
    this.#path = path;
    this.#filter = new RecordFilter(wanted);
    this.#say = say;
    this.#give = give;
  }

  /** @throws Fault `log_unreadable` */
  read(): void {
    readLines(this.#path, this.#maxBytes, bytes => this.#take(bytes));
  }

  /** @throws Fault `log_unreadable` */
  follow(caughtUp: () => void, signal: AbortSignal): Promise<void> {
    return followLines({
      path: this.#path,
      everyMs: FOLLOW_EVERY_MS,
      maxBytes: this.#maxBytes,
      take: bytes => this.#take(bytes),
      caughtUp: () => {
        this.#following = true;
        caughtUp();
      },
      waiting: why => this.#say(`note: waiting for ${boundedText(this.#path, LABEL_MAX_BYTES)} (${why})`),
      signal,
    });
  }

  #take(bytes: Uint8Array): true {
    for (const line of this.#restore ? this.#restore(bytes) : [bytes]) this.#takeLine(line);
    return true;
  }

  #takeLine(bytes: Uint8Array): void {
    const line = readLine(bytes);
    if (line.record === null) {
      if (this.#filter.takesAll) this.#give(line, this.#time);
      return;
    }
    this.#noteGap(line.record);
    this.#pass(line, line.record);
  }

  #pass(line: Line, record: FlatRecord): void {
    this.#time = String(record.time);
    if (this.#filter.takes(record)) this.#give(line, this.#time);
  }

  #noteGap(record: FlatRecord): void {
    if (typeof record.seq !== 'number' || typeof record.log !== 'string') return;
    const { seq, log } = record;
    if (this.#following && log === this.#log && seq > this.#next) {
      // Files of a copy have names of their shipper's making.
      const found = this.#restore
        ? this.#next
        : readMissed(this.#path, log, this.#next, seq, (bytes, missed) => this.#pass(readLine(bytes), missed));
      if (found < seq) this.#say(`note: records ${found} to ${seq - 1} are in no file here`);
    }
    if (log !== this.#log || seq >= this.#next) this.#next = seq + 1;
    this.#log = log;
  }
}

interface Line {
  /** Null: no text. */
  readonly text: string | null;
  /** Null: no record. */
  readonly record: FlatRecord | null;
}

function readLine(bytes: Uint8Array): Line {
  const text = fromUtf8(bytes);
  const parsed = text === null ? null : parseLine(text);
  return { text, record: parsed?.ok ? parsed.record : null };
}

/** The last so many lines of several files, by their times; equal times stay in the order in which they came. */
class LastLines {
  readonly #max: number;
  readonly #lines: { readonly text: string; readonly time: string }[] = [];
  /** How many were left out. */
  left = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(text: string, time: string): void {
    this.#lines.push({ text, time });
    if (this.#lines.length > 2 * this.#max + 1) this.#cut();
  }

  inOrder(): readonly string[] {
    this.#cut();
    return this.#lines.map(line => line.text);
  }

  #cut(): void {
    this.#lines.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    const over = Math.max(0, this.#lines.length - this.#max);
    this.#lines.splice(0, over);
    this.left += over;
  }
}

/** JSON Lines stay JSON Lines; what is no record is left out of them, and said. */
function asItIs({ text, record }: Line): string {
  return record === null || text === null ? JSON.stringify({ error: 'not_a_record' }) : text;
}

function forPeople(io: CliIo): (line: Line) => string {
  const paint = painter(io);
  return ({ text, record }) => {
    // A log may be written by somebody else: control characters never reach the terminal.
    if (record === null) return paint('red', `not a record: ${boundedText(text ?? 'bytes that are no text', 200)}`);
    const line = boundedText(sentence(record), AUDIT_LINE_MAX_BYTES);
    if (record.policy_result === 'deny' || record.type === 'kill_engaged') return paint('red', line);
    return line;
  };
}

function sentence(record: FlatRecord): string {
  const { seq, time, type } = record;
  const rest = Object.keys(record).filter(key => !HIDDEN.has(key));
  return [String(seq), String(time), String(type), ...rest.map(key => `${key}=${valueText(record[key])}`)].join(' ');
}

/** Quoted when it could be taken for two fields. */
function valueText(value: unknown): string {
  return typeof value === 'string' && /[\s"=]/.test(value) ? JSON.stringify(value) : String(value);
}
