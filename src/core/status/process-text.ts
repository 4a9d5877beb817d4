/**
 * Guarded processes, as `status` shows them: one line for each thread that has an agent or more.
 *
 *   in   : reports, which any process of that user may have made up
 *   out  : lines, those that need a look first; what is worth an operator's while
 */
import { LIMITS } from './limits.js';
import type { ReportedState, ReportedWay } from './process-report.js';
import type { ListedProcess, ProcessList } from './processes.js';
import { ageText, countText } from './words.js';

/** Twice the time within which a process says something, and a little. */
const SILENT_MS = 130_000;
/** More names than this are a number. */
const NAMES_MAX = 4;
const AGENTS_MAX = 3;
const ORDER: readonly ReportedState[] = ['bypassed', 'unknown', 'seen', 'wrapped'];

/** Agents of one thread share its edges. */
export interface GuardedThread {
  /** The one that spoke last. */
  readonly last: ListedProcess;
  readonly agents: readonly string[];
  readonly silentMs: number;
}

/** Those that let something through undecided first, then those that are silent. */
export function threadsOf(list: ProcessList, nowMs: number): readonly GuardedThread[] {
  const byThread = new Map<string, ListedProcess[]>();
  for (const one of list.processes) {
    const { pid, tid, pidNamespace } = one.identity;
    const key = `${pidNamespace} ${pid} ${tid}`;
    byThread.set(key, [...(byThread.get(key) ?? []), one]);
  }
  const threads = [...byThread.values()].map(of => {
    const last = of.reduce((a, b) => (b.writtenMs > a.writtenMs ? b : a));
    return { last, agents: [...new Set(of.map(one => one.agentId))], silentMs: nowMs - last.writtenMs };
  });
  const rank = (thread: GuardedThread): number => (hasBypassed(thread) ? 0 : isSilent(thread) ? 1 : 2);
  return threads.sort((a, b) => rank(a) - rank(b) || a.last.identity.pid - b.last.identity.pid);
}

export function hasBypassed({ last }: GuardedThread): boolean {
  return last.coverage.some(({ state }) => state === 'bypassed');
}

export function isSilent({ silentMs }: GuardedThread): boolean {
  return silentMs > SILENT_MS;
}

/** `pid 4711 crm-agent`. */
export function threadName({ last, agents }: GuardedThread): string {
  const { pid, tid } = last.identity;
  const more = agents.length > AGENTS_MAX ? ` and ${agents.length - AGENTS_MAX} more` : '';
  const thread = tid === null || tid === pid ? '' : ` thread ${tid}`;
  return `pid ${pid}${thread} ${agents.slice(0, AGENTS_MAX).join(', ')}${more}`;
}

export function threadText(thread: GuardedThread): string {
  const { last, silentMs } = thread;
  const odd = [
    ...(last.mode === 'strict' ? [] : [last.mode]),
    ...(last.state === 'ok' ? [] : [last.state]),
    ...(last.life === 'unknown' ? ['cannot be told whether it lives'] : []),
    ...(isSilent(thread) ? [`silent for ${ageText(silentMs)}`] : []),
  ];
  return `${threadName(thread)}${odd.length === 0 ? '' : ` (${odd.join(', ')})`}: ${waysText(last.coverage)}`;
}

/** `processes bypassed (2, last: curl); datagrams seen; fetch, http wrapped`. */
export function waysText(rows: readonly ReportedWay[]): string {
  const groups = ORDER.map(state => ({ state, ways: rows.filter(row => row.state === state) })).filter(
    ({ ways }) => ways.length > 0,
  );
  const [only] = groups;
  if (groups.length === 1 && only?.state === 'unknown') return 'nobody watches but what the program wraps';
  if (groups.length === 1 && only !== undefined && only.state !== 'bypassed')
    return `all ${only.ways.length} ways ${only.state}`;
  return groups
    .map(({ state, ways }) => {
      if (state === 'bypassed') return ways.map(bypassedText).join('; ');
      return ways.length > NAMES_MAX
        ? `${ways.length} ways ${state}`
        : `${ways.map(({ way }) => way).join(', ')} ${state}`;
    })
    .join('; ');
}

export function bypassedText({ way, passed, note }: ReportedWay): string {
  return `${way} bypassed (${passed}${note === null ? '' : `, last: ${note}`})`;
}

/** Every limit that any of them has: those that we know in the order of their table, then others. */
export function limitsText(list: ProcessList): string {
  const held = new Set(list.processes.flatMap(({ limits }) => limits));
  return [...Object.keys(LIMITS).filter(limit => held.delete(limit)), ...held].join(', ');
}

/** What lies in the folder beside the living. */
export function leftText({ stale, newer, refused, unread }: ProcessList): string {
  return [
    ...(stale === 0 ? [] : [`${countText(stale, 'file')} of ended processes`]),
    ...(newer === 0 ? [] : [`${newer} by a newer checkrd`]),
    ...(refused === 0 ? [] : [`${refused} that ${refused === 1 ? 'counts' : 'count'} for nothing`]),
    ...(unread === 0 ? [] : [`${unread} not looked at`]),
  ].join(', ');
}
