/**
 * What a guarded process says of itself in a file, for `status`.
 *
 *   in   : bytes that somebody may have forged
 *   out  : a report whose every text is bounded, or why it is none
 *   never: evidence: whoever may write the folder may say what he likes of a process of his own
 */

export const PROCESS_FILE_MAX_BYTES = 16 * 1024;
const TEXT_MAX = 512;
/** What is cut is the writer's; so many bytes even where each character is escaped. */
const NOTE_MAX = 120;
const ROWS_MAX = 64;

/** Which thread of which start of which machine it is, so that a number that is used again is not taken for it. */
export interface ThreadIdentity {
  readonly pid: number;
  /** The kernel's number of the thread; of the main thread `pid`. Null: it cannot be told. */
  readonly tid: number | null;
  /** When the thread began, in clock ticks since boot; null: it cannot be told. */
  readonly startTicks: number | null;
  readonly bootId: string | null;
  /** `pid:[…]`: numbers of another namespace mean nothing in ours. */
  readonly pidNamespace: string | null;
}

export type ReportedState = 'wrapped' | 'seen' | 'bypassed' | 'unknown';

export interface ReportedWay {
  readonly way: string;
  readonly state: ReportedState;
  readonly passed: number;
  readonly note: string | null;
}

export interface ProcessReport {
  readonly instanceId: string;
  readonly agentId: string;
  readonly identity: ThreadIdentity;
  /** Of checkrd, of Node. */
  readonly version: string;
  readonly node: string;
  readonly mode: 'strict' | 'permissive' | 'disabled';
  readonly enforce: boolean;
  /** `strict`: what is not decided is denied. */
  readonly coverageRule: 'strict' | 'report';
  readonly state: 'ok' | 'degraded' | 'failing';
  readonly policySha256: string | null;
  readonly log: string;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly writtenMs: number;
  readonly coverage: readonly ReportedWay[];
  /** Codes of limits.ts; a newer version may know more. */
  readonly limits: readonly string[];
  /** Since the start of this agent. */
  readonly allowed: number;
  readonly denied: number;
  /** Denied, and let through. */
  readonly observed: number;
  readonly byCode: Readonly<Record<string, number>>;
}

export function encodeReport(report: ProcessReport): string {
  return `${JSON.stringify({
    v: 1,
    ...report,
    log: report.log.slice(0, TEXT_MAX),
    coverage: report.coverage.map(row => ({ ...row, note: row.note?.slice(0, NOTE_MAX) ?? null })),
  })}\n`;
}

export type DecodedReport =
  | { readonly is: 'report'; readonly report: ProcessReport }
  | { readonly is: 'newer' }
  | { readonly is: 'damaged' };

/** Unknown keys are passed over: a newer checkrd may say more. */
export function decodeReport(text: string): DecodedReport {
  const raw = parsed(text);
  if (!isObject(raw)) return { is: 'damaged' };
  if (Number.isSafeInteger(raw.v) && (raw.v as number) > 1) return { is: 'newer' };
  const identity = isObject(raw.identity) ? raw.identity : {};
  const sound =
    raw.v === 1 &&
    isText(raw.instanceId, /^[0-9a-f]{16}$/) &&
    isText(raw.agentId, /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/) &&
    isCount(identity.pid) &&
    identity.pid > 0 &&
    orNull(identity.tid, isCount) &&
    orNull(identity.startTicks, isCount) &&
    orNull(identity.bootId, value => isText(value, /^[0-9a-f-]{1,64}$/)) &&
    orNull(identity.pidNamespace, value => isText(value, /^pid:\[\d{1,20}\]$/)) &&
    isText(raw.version, /^[\w.+-]{1,64}$/) &&
    isText(raw.node, /^[\w.+-]{1,64}$/) &&
    isOneOf(raw.mode, ['strict', 'permissive', 'disabled']) &&
    typeof raw.enforce === 'boolean' &&
    isOneOf(raw.coverageRule, ['strict', 'report']) &&
    isOneOf(raw.state, ['ok', 'degraded', 'failing']) &&
    orNull(raw.policySha256, value => isText(value, /^[0-9a-f]{64}$/)) &&
    isText(raw.log) &&
    isCount(raw.startedMs) &&
    isCount(raw.writtenMs) &&
    isListOf(raw.coverage, isWay) &&
    isListOf(raw.limits, value => isText(value, CODE)) &&
    [raw.allowed, raw.denied, raw.observed].every(isCount) &&
    isObject(raw.byCode) &&
    Object.entries(raw.byCode).length <= ROWS_MAX &&
    Object.entries(raw.byCode).every(([code, count]) => CODE.test(code) && isCount(count));
  return sound ? { is: 'report', report: known(raw as unknown as ProcessReport) } : { is: 'damaged' };
}

/** Nothing but what was looked at. */
function known(raw: ProcessReport): ProcessReport {
  const { pid, tid, startTicks, bootId, pidNamespace } = raw.identity;
  const { instanceId, agentId, version, node, mode, enforce, coverageRule, state, policySha256, log } = raw;
  const { startedMs, writtenMs, limits, allowed, denied, observed, byCode } = raw;
  return {
    ...{ instanceId, agentId, identity: { pid, tid, startTicks, bootId, pidNamespace }, version, node },
    ...{ mode, enforce, coverageRule, state, policySha256, log, startedMs, writtenMs },
    coverage: raw.coverage.map(({ way, state: how, passed, note }) => ({ way, state: how, passed, note })),
    ...{ limits, allowed, denied, observed, byCode },
  };
}

const CODE = /^[a-z][a-z0-9_]{0,63}$/;

function isWay(value: unknown): boolean {
  return (
    isObject(value) &&
    isText(value.way, CODE) &&
    isOneOf(value.state, ['wrapped', 'seen', 'bypassed', 'unknown']) &&
    isCount(value.passed) &&
    orNull(value.note, note => isText(note))
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, form?: RegExp): value is string {
  return typeof value === 'string' && value.length <= TEXT_MAX && (form === undefined || form.test(value));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isOneOf(value: unknown, allowed: readonly string[]): boolean {
  return typeof value === 'string' && allowed.includes(value);
}

function isListOf(value: unknown, isOne: (entry: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= ROWS_MAX && value.every(isOne);
}

function orNull(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === null || is(value);
}
