/** The flags by which commands are told which records are meant. */
import { DECISION_CODES } from '../core/decide/types.js';
import { nearest } from '../core/policy/suggest.js';
import type { Wanted } from '../core/report/record-filter.js';
import { rfc3339Ms } from '../core/time/rfc3339.js';
import { type Args, Misuse } from './args.js';
import { type Flags, ID, TIME } from './flags.js';

const RESULTS = ['allow', 'deny', 'ok', 'error', 'aborted', 'killed', 'killed_late'];

export const WANTED_FLAGS: Flags = {
  since: { takes: TIME, means: 'all records from this time on (RFC 3339), at most 10000' },
  agent: { takes: ID, means: 'only records of this agent' },
  result: { takes: { called: 'RESULT', is: RESULTS }, means: 'of a decision the first two, of an outcome the others' },
  code: { takes: { called: 'CODE', is: DECISION_CODES }, means: 'only decisions with this code' },
  rule: { takes: { called: 'NAME', is: 'text' }, means: 'only what this rule decided' },
  host: { takes: { called: 'HOST', is: 'text' }, means: 'a host, or *.DOMAIN: every host below it' },
  type: { takes: { called: 'TYPE', is: 'text' }, means: '`decision`, `outcome`, `policy_loaded`, `kill_engaged`, …' },
};

/** @throws Misuse for a result or code that no record can have, and for a time that is none. */
export function wantedRecords(given: Args): Wanted {
  return {
    agent: given.text('agent'),
    result: oneOf(given, 'result', RESULTS),
    code: oneOf(given, 'code', DECISION_CODES),
    rule: given.text('rule'),
    host: given.text('host')?.toLowerCase() ?? null,
    // Not checked: a later version writes types that this one does not know.
    type: given.text('type'),
    sinceMs: timeOf(given, 'since'),
    untilMs: null,
  };
}

/** @throws Misuse */
export function timeOf(given: Args, flag: string): number | null {
  const text = given.text(flag);
  if (text === null) return null;
  const ms = rfc3339Ms(text);
  if (ms === null) throw new Misuse(`--${flag} is no RFC 3339 date-time`, 'write for example 2026-01-07T12:00:00Z');
  return ms;
}

function oneOf(given: Args, flag: string, known: readonly string[]): string | null {
  const text = given.text(flag);
  if (text === null || known.includes(text)) return text;
  const meant = nearest(text, known);
  throw new Misuse(
    `--${flag}: no record has '${text}'`,
    meant === null ? `it is one of ${known.join(', ')}` : `did you mean '${meant}'?`,
  );
}
