/**
 * What of all that `status` has seen an operator must know.
 *
 *   wrong   : calls are refused, or pass, because something of ours fails
 *   notable : somebody has decided it so, or it will be wrong one day
 */
import type { Settings } from '../config/settings.js';
import { type DiskForecast, forecastText, isShort } from '../disk/forecast.js';
import { bypassedText, hasBypassed, isSilent, threadName, threadsOf } from './process-text.js';
import type { ProcessList } from './processes.js';
import { ageText } from './words.js';

export interface StatusFacts {
  readonly settings: Settings;
  readonly policy: { readonly problem: string | null; readonly mode: 'enforce' | 'dry_run' | null };
  /** Null where no signatures are asked for. */
  readonly signature: { readonly problem: string | null } | null;
  readonly engine: { readonly sha256: string | null; readonly problem: string | null };
  /** Paths of engaged switches. */
  readonly kill: readonly string[];
  readonly latched: {
    readonly kills: readonly { id: string; log: string; source: string; scope: string }[];
    readonly error: string | null;
  };
  readonly glass: { readonly says: string } | null;
  readonly logs: readonly { readonly path: string; readonly error: string | null }[];
  /** Null: there is no socket. `status` null: it does not answer. */
  readonly daemon: { readonly status: string | null; readonly why: string | null } | null;
  readonly processes: ProcessList;
  /** What agents could write of what binds them. */
  readonly open: readonly { readonly path: string }[];
  /** Null: it could not be looked at. */
  readonly disk: DiskForecast | null;
  /** Neither settings nor policy, log, socket nor process. */
  readonly isNothingHere: boolean;
}

export interface Judgement {
  readonly wrong: readonly string[];
  readonly notable: readonly string[];
}

export function judge(facts: StatusFacts, nowMs: number): Judgement {
  const { settings, policy, signature, engine, daemon, logs } = facts;
  const threads = threadsOf(facts.processes, nowMs);
  return {
    wrong: [
      ...(policy.problem === null ? [] : [`policy: ${policy.problem}`]),
      ...(signature?.problem == null ? [] : [`signature: ${signature.problem}`]),
      ...(engine.sha256 === null ? [`engine: ${engine.problem}`] : []),
      // Agents that ask nobody are denied.
      ...(daemon === null && settings.daemon.agents.length > 0
        ? [`daemon: no socket at ${settings.daemon.socket}, and the settings name agents that ask there`]
        : []),
      ...(daemon !== null && daemon.status === null
        ? [`daemon: ${settings.daemon.socket} does not answer (${daemon.why})`]
        : []),
      ...(daemon?.status === 'failing' || daemon?.status === 'stopping' ? [`daemon: ${daemon.status}`] : []),
      ...threads
        .filter(({ last }) => last.state === 'failing')
        .map(thread => `process: ${threadName(thread)} is failing: its log ${thread.last.log}, or the agent is closed`),
      ...logs
        .filter(({ error }) => error !== null && error !== 'ENOENT')
        .map(({ path, error }) => `log: ${path} cannot be read (${error})`),
    ],
    notable: [...aboutKills(facts), ...aboutModes(facts), ...aboutProcesses(facts, nowMs), ...aboutTheRest(facts)],
  };
}

function aboutKills({ kill, latched, glass }: StatusFacts): readonly string[] {
  return [
    ...kill.map(source => `kill switch: ${source} is engaged`),
    ...latched.kills.map(
      ({ source, scope, id, log }) =>
        `kill switch: ${scope} is latched by ${source}, until a release of ${id} for ${log}`,
    ),
    ...(glass === null ? [] : [`break glass: ${glass.says}`]),
    ...(latched.error === null ? [] : [`kill switch: ${latched.error}`]),
  ];
}

function aboutModes({ settings, policy, engine, daemon }: StatusFacts): readonly string[] {
  return [
    ...(daemon?.status === 'degraded' ? ['daemon: degraded'] : []),
    ...(engine.sha256 !== null && engine.problem !== null ? [`engine: ${engine.problem}`] : []),
    ...(settings.securityMode === 'permissive' ? ['mode: permissive'] : []),
    ...(settings.enforce && policy.mode !== 'dry_run' ? [] : ['mode: denials are recorded, not enforced']),
    ...(settings.killswitch === null ? ['kill switch: none is configured'] : []),
  ];
}

function aboutProcesses({ settings, processes }: StatusFacts, nowMs: number): readonly string[] {
  const threads = threadsOf(processes, nowMs);
  const strictly = threads.filter(
    ({ last }) => last.coverageRule === 'strict' || settings.egress.coverage === 'strict',
  );
  return [
    ...strictly.filter(hasBypassed).map(
      thread =>
        `coverage: ${threadName(thread)}: ${thread.last.coverage
          .filter(({ state }) => state === 'bypassed')
          .map(bypassedText)
          .join('; ')}, where strict coverage is asked for`,
    ),
    ...threads
      .filter(({ last }) => last.state === 'degraded')
      .map(thread => `process: ${threadName(thread)} is degraded`),
    ...threads
      .filter(({ last }) => last.mode !== 'strict')
      .map(thread => `process: ${threadName(thread)} is ${thread.last.mode}`),
    ...threads
      .filter(isSilent)
      .map(
        thread =>
          `process: ${threadName(thread)} has said nothing for ${ageText(thread.silentMs)}: it hangs, or cannot write ${processes.path}`,
      ),
    ...(processes.refused === 0
      ? []
      : [
          `processes: ${processes.refused} of the files in ${processes.path} are no reports of its owner’s: look who put them there`,
        ]),
    ...(processes.unread === 0
      ? []
      : [`processes: ${processes.unread} files in ${processes.path} were not looked at: there are too many`]),
  ];
}

function aboutTheRest({ settings, open, disk, isNothingHere }: StatusFacts): readonly string[] {
  return [
    // In one process nothing is separate by itself: that is said, and is no news.
    ...(settings.daemon.agents.length === 0 ? [] : open.map(at => `separation: agents could write ${at.path}`)),
    ...(disk !== null && isShort(disk) ? [`disk: ${forecastText(disk)}`] : []),
    ...(isNothingHere ? [`nothing is installed at ${settings.configDir} (\`checkrd init\` begins)`] : []),
  ];
}
