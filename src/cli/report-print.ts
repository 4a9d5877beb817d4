/** A report as tables for people, as one JSON object, and as CSV. What comes from a log reaches no terminal raw. */
import { boundedText } from '../core/audit/text.js';
import type { Calls, CountedBy, ReportTally, Row } from '../core/report/tally.js';
import { painter } from './colour.js';
import type { CliIo } from './io.js';
import type { LogVerdict } from './log-records.js';
import type { FilesRead } from './report-files.js';

export interface Reported {
  readonly tally: ReportTally;
  readonly by: readonly CountedBy[];
  /** Null: they were verified. */
  readonly read: FilesRead | null;
  /** Null: nothing was verified. */
  readonly verified: readonly LogVerdict[] | null;
}

const QUANTILES = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
] as const;
const COLUMNS = ['decisions', 'allowed', 'denied', 'let pass', 'ok', 'failed', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms'];
const TEXT_MAX_BYTES = 512;
const KEY_MAX_BYTES = 64;
/** Rows of a table for people; --json and --csv have all. */
const ROWS_SHOWN = 40;

function cells({ decisions, allowed, denied, letPass, ok, failed, latencyMs }: Calls): readonly (number | null)[] {
  const max = latencyMs.count > 0 ? latencyMs.max : null;
  return [decisions, allowed, denied, letPass, ok, failed, ...QUANTILES.map(([, share]) => latencyMs.at(share)), max];
}

export function printTables({ tally, by, read, verified }: Reported, io: CliIo): void {
  const paint = painter(io);
  const say = (text: string): void => io.out(boundedText(text, TEXT_MAX_BYTES));
  say(`period    ${tally.first === null ? 'no record' : `${tally.first} to ${tally.last}`}`);
  say(`outcomes  ${counts(tally.outcomes)}`);
  say(`records   ${counts(tally.types)}`);
  for (const one of by) {
    const rows = tally.rows(one);
    io.out('');
    for (const line of table(one, rows.slice(0, ROWS_SHOWN), tally.total)) io.out(line);
    if (rows.length > ROWS_SHOWN) say(`… and ${rows.length - ROWS_SHOWN} more (--csv, --json)`);
  }
  if (tally.events.length > 0) io.out('');
  for (const { time, type, facts } of tally.events) {
    say(
      `${time} ${type} ${Object.entries(facts)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')}`,
    );
  }
  if (tally.eventsLeftOut > 0) say(`… and ${tally.eventsLeftOut} more`);
  for (const note of notes(tally, read)) say(`note: ${note}`);
  io.out('');
  if (verified === null)
    io.out(paint('yellow', 'NOT VERIFIED: `checkrd verify` says whether this is what was written'));
  for (const { log, verdict } of verified ?? []) {
    const [colour, word] = verdict === 'intact' ? (['green', 'INTACT'] as const) : (['yellow', 'CANNOT SAY'] as const);
    io.out(paint(colour, `${word}: ${boundedText(log, TEXT_MAX_BYTES)}`));
  }
}

function table(by: CountedBy, rows: readonly Row[], total: Calls): readonly string[] {
  const lines = [
    [by, ...COLUMNS],
    ...rows.map(row => [boundedText(row.key ?? '-', KEY_MAX_BYTES), ...cells(row).map(shown)]),
    ['all', ...cells(total).map(shown)],
  ];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0))) ?? [];
  return lines.map(line =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
}

const shown = (value: number | null): string => (value === null ? '-' : String(value));

function counts(of: ReadonlyMap<string, number>): string {
  if (of.size === 0) return 'none';
  const sorted = [...of].sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${count} ${name}`).join(', ');
}

/** What a reader must know before he trusts the sums. */
function notes(tally: ReportTally, read: FilesRead | null): readonly string[] {
  const said: string[] = [];
  if (tally.missing > 0) said.push(`${tally.missing} records are missing between those that are here`);
  if (tally.repeated > 0) said.push(`${tally.repeated} records came more than once and were counted once`);
  if (tally.withoutDecision > 0)
    said.push(`${tally.withoutDecision} outcomes whose decision is not here count nowhere`);
  if (read !== null && read.notRecords > 0) said.push(`${read.notRecords} lines are no records`);
  for (const path of read?.cutShort ?? []) said.push(`${path} is compressed, and stops before its end or is spoiled`);
  return said;
}

export function printJson({ tally, by, read, verified }: Reported, io: CliIo): void {
  io.out(
    JSON.stringify({
      ok: tally.recordCount > 0,
      verified: verified ?? false,
      first: tally.first,
      last: tally.last,
      total: asJson(tally.total),
      outcomes: Object.fromEntries(tally.outcomes),
      records: Object.fromEntries(tally.types),
      by: Object.fromEntries(by.map(one => [one, tally.rows(one).map(row => ({ key: row.key, ...asJson(row) }))])),
      events: tally.events,
      events_left_out: tally.eventsLeftOut,
      missing: tally.missing,
      repeated: tally.repeated,
      outcomes_without_decision: tally.withoutDecision,
      not_records: read?.notRecords ?? 0,
      cut_short: read?.cutShort ?? [],
    }),
  );
}

function asJson({ decisions, allowed, denied, letPass, ok, failed, latencyMs }: Calls): object {
  const quantiles = Object.fromEntries(QUANTILES.map(([name, share]) => [name, latencyMs.at(share)]));
  const latency_ms = { ...quantiles, max: latencyMs.count > 0 ? latencyMs.max : null };
  return { decisions, allowed, denied, let_pass: letPass, ok, failed, latency_ms };
}

export function printCsv({ tally, by, read, verified }: Reported, io: CliIo): void {
  const line = (values: readonly (string | number | null)[]): void => io.out(`${values.map(csv).join(',')}\r`);
  line(['by', 'key', ...COLUMNS.map(name => name.replace(' ', '_'))]);
  for (const one of by) for (const row of tally.rows(one)) line([one, row.key, ...cells(row)]);
  for (const note of notes(tally, read)) io.err(`note: ${boundedText(note, TEXT_MAX_BYTES)}`);
  if (verified === null) io.err('note: nothing was verified');
}

/** A spreadsheet runs what begins like a formula: such a text is made one that is none. */
function csv(value: string | number | null): string {
  if (value === null) return '';
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
