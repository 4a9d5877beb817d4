/**
 * `checkrd reconcile`: does a shipped copy hold every record of its source, unchanged?
 *
 * It compares; whether the source is what was written is for `verify` to say.
 */
import { resolve } from 'node:path';
import { boundedText } from '../core/audit/text.js';
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import type { Place } from '../core/verify/findings.js';
import { type Reconciled, Reconciliation, type Said } from '../core/verify/reconcile.js';
import type { Restore } from '../core/verify/shipped.js';
import { sha256Text } from '../crypto/sha256.js';
import { BlockCutter } from '../disk/block-cutter.js';
import { readBytes } from '../disk/byte-source.js';
import { Misuse } from './args.js';
import { ANY, FILE } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { progressOf } from './progress.js';
import { FROM, restoreFrom } from './restore-from.js';

const LF = 0x0a;
const LINE_MAX_BYTES = 4096;

export const reconcile: Command = {
  name: 'reconcile',
  summary: 'compare a shipped copy of a log with its source',
  synopsis: ['[--from SHIPPER] [--json] SOURCE... --with COPY...'],
  about: `
Compares the records of the copy with those of the source by log and number: missing, altered and extra ones are named.
A record that stands in the copy twice is counted and is fine, since shippers deliver at least once. Files may be compressed
(gzip, Zstandard) and of several logs, in any order. Whether the source itself is in order is for \`checkrd verify\` to say.`,
  operands: { min: 0, max: ANY, what: 'files', takes: FILE },
  flags: {
    with: { means: 'the words after it are files of the copy' },
    from: { ...FROM, means: 'takes off what the shipper of the copy added' },
  },
  exit: {
    ok: 'the copy is whole',
    no: 'records are missing, altered or extra',
    unknown: 'cannot say (no record in the source)',
  },
  async run(given, io) {
    const copies = given.wordsAfter('with');
    const sources = given.words.slice(0, given.words.length - copies.length);
    if (sources.length === 0 || copies.length === 0) {
      throw new Misuse('it takes files of the source, then --with, then files of the copy', 'SOURCE... --with COPY...');
    }
    const restore = restoreFrom(given);
    const compared = new Reconciliation(sha256Text);
    const progress = progressOf(io);
    const paths = (words: readonly string[]): readonly string[] => words.map(word => resolve(io.cwd, word));
    try {
      for (const path of paths(sources)) {
        await eachLine(path, null, progress.read, (place, line) => compared.source(place, line));
      }
      for (const path of paths(copies)) {
        await eachLine(path, restore, progress.read, (place, line) => compared.copy(place, line));
      }
    } finally {
      progress.end();
    }
    const result = compared.finish();
    const different = result.missing + result.altered + result.extra > 0;
    const verdict = different ? 'different' : result.source === 0 ? 'cannot_say' : 'whole';
    if (given.on('json')) io.out(JSON.stringify({ verdict, ...result }));
    else print(result, verdict, io);
    return { whole: EXIT.ok, different: EXIT.no, cannot_say: EXIT.unknown }[verdict];
  },
};

async function eachLine(
  path: string,
  restore: Restore | null,
  read: (bytes: number) => void,
  take: (place: Place, line: Uint8Array) => void,
): Promise<void> {
  let number = 0;
  const cutter = new BlockCutter(AUDIT_LINE_MAX_BYTES, block => {
    let begin = 0;
    for (let lf = block.indexOf(LF); lf !== -1; lf = block.indexOf(LF, begin)) {
      const place = { file: path, line: ++number };
      const line = block.subarray(begin, lf);
      for (const one of restore ? restore(line) : [line]) take(place, one);
      begin = lf + 1;
    }
  });
  await readBytes(path, async piece => {
    read(piece.length);
    await cutter.push(piece);
    return true;
  });
  // Half a line at the end is still on its way.
  await cutter.end();
}

function print(result: Reconciled, verdict: string, io: CliIo): void {
  for (const one of result.differences) io.out(boundedText(sentence(one), LINE_MAX_BYTES));
  io.out(`source  ${result.source} records`);
  io.out(`copy    ${result.copy} records, ${result.doubled} of them again`);
  io.out(`missing ${result.missing}, altered ${result.altered}, extra ${result.extra}`);
  if (result.noRecord > 0) io.out(`lines that are no records: ${result.noRecord}`);
  io.out({ whole: 'WHOLE', different: 'DIFFERENT', cannot_say: 'CANNOT SAY: no record in the source' }[verdict] ?? '');
}

function sentence({ what, place, log, from, to }: Said): string {
  const where = place ? `${place.file}:${place.line}: ` : '';
  if (what === 'no_record') return `${where}not a record`;
  const which = to === from + 1 ? `record ${from}` : `records ${from} to ${to - 1}`;
  return `${where}${what}: ${which} of ${log}`;
}
