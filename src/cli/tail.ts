import { resolve } from 'node:path';
import { type FlatRecord, parseLine } from '../core/audit/canonical.js';
import { boundedText } from '../core/audit/text.js';
import { fromUtf8 } from '../core/bytes.js';
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import { followLines } from '../disk/follow-lines.js';
import { readLines } from '../disk/read-lines.js';
import { Misuse, readArgs } from './args.js';
import { painter } from './colour.js';
import { type CliIo, type Command, EXIT } from './io.js';

const LINES_DEFAULT = 10;
const LINES_MAX = 10_000;
const FOLLOW_EVERY_MS = 200;
/** Said once by the line's beginning, or of use to `verify` only. */
const HIDDEN = new Set(['v', 'log', 'seq', 'prev', 'time', 'type', 'note', 'sig', 'frontier', 'nonce', 'root', 'head']);

export const tail: Command = {
  name: 'tail',
  summary: 'show the last records of an audit log, and follow it',
  usage: `
usage: checkrd tail [--lines N] [--follow] [--json] FILE

Prints the last N records (${LINES_DEFAULT}), one a line. --follow goes on with new ones, across rotation, until
interrupted. --json prints the records as they are in the file. Nothing is verified: \`checkrd verify\` does that.

exit: 0 printed, 2 the file cannot be read, 64 misuse`,
  run: (args, io) => runTail(args, io, new AbortController().signal),
};

/** @param stop Ends `--follow`; the command itself ends with its process. */
export async function runTail(args: readonly string[], io: CliIo, stop: AbortSignal): Promise<number> {
  const given = readArgs(args, {
    texts: ['lines'],
    switches: ['follow'],
    words: { min: 1, max: 1, what: 'one file of a log' },
  });
  const path = resolve(io.cwd, given.words[0] as string);
  const count = lineCount(given.text('lines'));
  const show = given.on('json') ? asItIs : forPeople(io);
  const last: string[] = [];
  const { end } = readLines(path, AUDIT_LINE_MAX_BYTES, bytes => {
    last.push(show(bytes));
    if (last.length > count) last.shift();
    return true;
  });
  for (const line of last) io.out(line);
  if (given.on('follow')) {
    const take = (bytes: Uint8Array): boolean => {
      io.out(show(bytes));
      return true;
    };
    await followLines({
      path,
      from: end,
      everyMs: FOLLOW_EVERY_MS,
      maxBytes: AUDIT_LINE_MAX_BYTES,
      take,
      signal: stop,
    });
  }
  return EXIT.ok;
}

function lineCount(text: string | null): number {
  if (text === null) return LINES_DEFAULT;
  const count = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= LINES_MAX)) throw new Misuse(`--lines is a number from 0 to ${LINES_MAX}`);
  return count;
}

/** JSON Lines stay JSON Lines; what is no text is left out of them, and said. */
function asItIs(bytes: Uint8Array): string {
  const text = fromUtf8(bytes);
  return text !== null && parseLine(text).ok ? text : JSON.stringify({ error: 'not_a_record' });
}

function forPeople(io: CliIo): (bytes: Uint8Array) => string {
  const paint = painter(io);
  return bytes => {
    const text = fromUtf8(bytes);
    const parsed = text === null ? null : parseLine(text);
    // A log may be written by somebody else: control characters never reach the terminal.
    if (!parsed?.ok) return paint('red', `not a record: ${boundedText(text ?? 'bytes that are no text', 200)}`);
    const line = boundedText(sentence(parsed.record), AUDIT_LINE_MAX_BYTES);
    if (parsed.record.policy_result === 'deny' || parsed.record.type === 'kill_engaged') return paint('red', line);
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
