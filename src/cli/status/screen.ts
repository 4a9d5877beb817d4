/**
 * `status` for people: one screen.
 *
 *   in   : what was gathered and judged
 *   out  : lines; broken at 100 columns on a terminal, whole for whoever greps
 */
import { forecastText } from '../../core/disk/forecast.js';
import type { Judgement } from '../../core/status/judge.js';
import { leftText, limitsText, threadsOf, threadText } from '../../core/status/process-text.js';
import { ageText, countText, labelled, plain, SCREEN_COLUMNS } from '../../core/status/words.js';
import { painter } from '../colour.js';
import type { CliIo } from '../io.js';
import type { LogHead } from '../log-head.js';
import { countsOf, numberOf, warningsOf } from './daemon.js';
import { engineText } from './engine.js';
import type { Gathered } from './gather.js';
import { inForce } from './json.js';
import { signatureText } from './signature.js';

/** More of a kind are a number: `--json` has them all. */
const ROWS_MAX = 6;

interface Row {
  readonly label: string;
  readonly text: string;
  readonly isLoud: boolean;
}

export function statusScreen(of: Gathered, { wrong, notable }: Judgement, nowMs: number, io: CliIo): readonly string[] {
  const paint = painter(io);
  const columns = io.stdoutIsTTY ? SCREEN_COLUMNS : Number.POSITIVE_INFINITY;
  return [
    ...rowsOf(of, nowMs).flatMap(({ label, text, isLoud }) =>
      labelled(label, text, columns).map(line => (isLoud ? paint('red', line) : line)),
    ),
    ...wrong.map(line => paint('red', `wrong: ${plain(line)}`)),
    ...notable.map(line => paint('yellow', `note: ${plain(line)}`)),
  ];
}

function row(label: string, text: string, isLoud = false): readonly Row[] {
  return [{ label, text, isLoud }];
}

function rowsOf(of: Gathered, nowMs: number): readonly Row[] {
  const { settings, policy, signature } = of;
  return [
    ...row('mode', `${settings.securityMode}${settings.enforce ? '' : ', not enforcing'}`),
    ...row('policy', `${settings.policy}: ${policyText(of, nowMs)}`),
    ...few(inForce(of)).flatMap(({ sha256, by }) => row('in force', `${sha256} (${whoText(by)})`)),
    ...(policy.layers.length === 0 ? [] : row('layers', policy.layers.join(', '))),
    ...(signature === null ? [] : row('signed', signature.problem ?? signatureText(signature))),
    ...row('engine', engineText(of.engine)),
    ...killRow(of),
    ...(of.glass === null ? [] : row('glass', of.glass.says, true)),
    ...few(of.logs).flatMap(log => logRows(log, nowMs)),
    ...more(of.logs.length),
    ...(of.disk === null || of.disk.logBytes === 0 ? [] : row('disk', forecastText(of.disk))),
    ...row('daemon', daemonText(of)),
    ...warningsOf(of.daemon?.body ?? null).flatMap(text => row('', text, true)),
    ...callsRows(of),
    ...processRows(of, nowMs),
    ...row('separate', separateText(of)),
    ...(of.unseen.length === 0
      ? []
      : row('unseen', of.unseen.map(({ path, error }) => `${path} (${error})`).join(', '))),
  ];
}

function few<T>(rows: readonly T[]): readonly T[] {
  return rows.slice(0, ROWS_MAX);
}

function more(count: number): readonly Row[] {
  return count <= ROWS_MAX ? [] : row('', `and ${count - ROWS_MAX} more (--json lists them)`);
}

function policyText({ policy }: Gathered, nowMs: number): string {
  if (policy.problem !== null) return policy.problem;
  const { changed } = policy;
  const age = changed === null ? '' : `, changed ${ageText(nowMs - Date.parse(changed))} ago (${changed})`;
  return `${countText(policy.rules ?? 0, 'rule')}, ${policy.mode}${age}`;
}

function whoText(by: readonly string[]): string {
  return by.length > 3 ? `${by.slice(0, 3).join(', ')} and ${by.length - 3} more` : by.join(', ');
}

function killRow({ settings, kill, latched }: Gathered): readonly Row[] {
  const said = [
    ...(kill.length > 0 ? [`engaged: ${kill.join(', ')}`] : []),
    ...(latched.kills.length > 0 ? [`latched: ${latched.kills.map(({ scope }) => scope).join(', ')}`] : []),
  ];
  if (said.length > 0) return row('kill', said.join('; '), true);
  return row('kill', settings.killswitch === null ? 'none' : 'released');
}

function logRows(log: LogHead, nowMs: number): readonly Row[] {
  if (log.error !== null) return row('log', `${log.path}: ${log.error === 'ENOENT' ? 'none yet' : log.error}`);
  const ago = (time: string): string => `${ageText(nowMs - Date.parse(time))} ago`;
  const last = log.lastTime === null ? 'none' : ago(log.lastTime);
  const { checkpoint } = log;
  const signed =
    checkpoint === null
      ? ['no checkpoint near the end']
      : [`signed up to ${checkpoint.size}, ${ago(checkpoint.time)}`, `head ${checkpoint.size}:${checkpoint.root}`];
  return [
    ...row('log', `${log.path}: ${countText(log.size ?? 0, 'record')}, last ${last}`),
    ...signed.flatMap(line => row('', line)),
  ];
}

function daemonText({ settings, daemon }: Gathered): string {
  if (daemon === null) return `no socket at ${settings.daemon.socket}`;
  if (daemon.body === null) return 'does not answer';
  const pid = numberOf(daemon.body, 'pid');
  return `${daemon.status}, pid ${pid}, up ${ageText(numberOf(daemon.body, 'uptime_s') * 1000)}`;
}

/** What was decided since each began: by the daemon, by the processes. */
function callsRows({ daemon, processes: { processes } }: Gathered): readonly Row[] {
  const said = daemon?.body?.counters;
  const byCode: Record<string, number> = {};
  for (const one of processes)
    for (const [code, count] of Object.entries(one.byCode)) byCode[code] = (byCode[code] ?? 0) + count;
  const sum = (of: 'allowed' | 'denied' | 'observed'): number => processes.reduce((all, one) => all + one[of], 0);
  return [
    ...(said === undefined
      ? []
      : row(
          'calls',
          `daemon: ${callsText(numberOf(said, 'allowed'), numberOf(said, 'denied'), numberOf(said, 'observed'), countsOf(said, 'by_code'))}; ` +
            `${numberOf(daemon?.body, 'open_calls')} open`,
        )),
    ...(processes.length === 0
      ? []
      : row('calls', `processes: ${callsText(sum('allowed'), sum('denied'), sum('observed'), byCode)}`)),
  ];
}

/** The codes of allowed calls go without saying. */
function callsText(
  allowed: number,
  denied: number,
  observed: number,
  byCode: Readonly<Record<string, number>>,
): string {
  const codes = Object.entries(byCode)
    .filter(([code, count]) => count > 0 && !code.endsWith('_allowed'))
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([code, count]) => `${code} ${count}`);
  const why = codes.length === 0 ? '' : ` (${codes.slice(0, ROWS_MAX).join(', ')})`;
  return `${allowed} allowed, ${denied} denied, ${observed} denied and let through${why}`;
}

function processRows({ processes: list }: Gathered, nowMs: number): readonly Row[] {
  const threads = threadsOf(list, nowMs);
  const left = leftText(list);
  const limits = limitsText(list);
  return [
    ...few(threads).flatMap(thread => row('process', threadText(thread))),
    ...more(threads.length),
    ...(limits === '' ? [] : row('limits', `${limits} (docs/register.md)`)),
    ...(left === '' ? [] : row('left', `${left} in ${list.path}`)),
  ];
}

function separateText({ settings, open }: Gathered): string {
  if (open.length === 0) return 'agents can write nothing that binds them';
  if (settings.daemon.agents.length === 0)
    return "no: the agent's own user could change what binds it (`checkrd doctor` lists it)";
  return `no: the agent could write ${open.map(at => at.path).join(', ')}`;
}
