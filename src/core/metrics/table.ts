/**
 * Every metric of the daemon: one table, from which the text, docs/metrics.md and the tests of dashboard and alerts are made.
 *
 *   in   : facts
 *   out  : families for exposition.ts
 *   never: a label whose values others choose freely: agents are those of the settings, codes and types closed lists
 */
import type { BucketReading } from './buckets.js';
import { exposition, type Family, type MetricName, type Sample } from './exposition.js';
import type { MetricFacts } from './facts.js';

type Labels = Readonly<Record<string, string>>;
type Plain = MetricName & {
  readonly type: 'counter' | 'gauge';
  readonly labels: readonly string[];
  readonly of: (facts: MetricFacts) => readonly Sample[];
};
type Histogram = MetricName & {
  readonly type: 'histogram';
  readonly labels: readonly string[];
  readonly of: (facts: MetricFacts) => BucketReading;
};
export type MetricRow = Plain | Histogram;

const NO_LABELS: Labels = {};
/** Null: not known, so there is no sample. */
const one = (value: number | boolean | null, labels: Labels = NO_LABELS): readonly Sample[] =>
  value === null ? [] : [{ labels, value: Number(value) }];
const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
const origin = (reported: boolean): string => (reported ? 'reported' : 'daemon');

function gauge(name: string, help: string, of: Plain['of'], labels: readonly string[] = []): MetricRow {
  return { name, type: 'gauge', help, labels, of };
}

function counter(name: string, help: string, of: Plain['of'], labels: readonly string[] = []): MetricRow {
  return { name, type: 'counter', help, labels, of };
}

function histogram(name: string, help: string, of: Histogram['of']): MetricRow {
  return { name, type: 'histogram', help, labels: ['le'], of };
}

/** One sample for each state, 1 for the one that holds. */
function states<T extends string>(all: readonly T[], now: T): readonly Sample[] {
  return all.map(state => ({ labels: { state }, value: Number(state === now) }));
}

export const METRICS: readonly MetricRow[] = [
  gauge(
    'checkrd_build_info',
    'Always 1; the versions are its labels',
    ({ version, node }) => one(1, { version, node }),
    ['version', 'node'],
  ),
  gauge('checkrd_enforcing', '1 where a denial stops a call, 0 where the settings only record it', ({ isEnforcing }) =>
    one(isEnforcing),
  ),
  gauge('checkrd_permissive', '1 in permissive mode, where calls pass when checkrd itself fails', ({ mode }) =>
    one(mode === 'permissive'),
  ),
  gauge('checkrd_stopping', '1 while the daemon stops: it takes no new calls', ({ isStopping }) => one(isStopping)),

  counter(
    'checkrd_decisions_total',
    'Decisions; observed: denied and let through; reported: made elsewhere and handed in',
    ({ counters }) =>
      counters.decisions.map(({ agent, code, verdict, reported, count }) => ({
        labels: { agent, verdict, code, origin: origin(reported) },
        value: count,
      })),
    ['agent', 'verdict', 'code', 'origin'],
  ),
  histogram(
    'checkrd_decision_duration_seconds',
    'How long decisions made here took, without the writing of their records',
    ({ counters }) => counters.decisionSeconds,
  ),
  counter(
    'checkrd_outcomes_total',
    'Calls that ended, by how',
    ({ counters }) =>
      counters.outcomes.map(({ result, reported, count }) => ({
        labels: { result, origin: origin(reported) },
        value: count,
      })),
    ['result', 'origin'],
  ),
  gauge('checkrd_open_calls', 'Calls that were let go and whose outcome is still to come', ({ openCalls }) =>
    one(openCalls),
  ),

  gauge('checkrd_kill_switches_engaged', 'Kill switches that stop calls now', ({ kills }) => one(kills)),
  gauge('checkrd_break_glass', '1 while break glass lets denied calls through', ({ breakGlassExpiresMs }) =>
    one(breakGlassExpiresMs !== null),
  ),
  gauge(
    'checkrd_break_glass_expires_timestamp_seconds',
    'When break glass that is in force ends',
    ({ breakGlassExpiresMs }) => one(seconds(breakGlassExpiresMs)),
  ),

  gauge(
    'checkrd_policy_state',
    '1 for the state of the policy; degraded: a newer file was refused and the last good one decides',
    ({ policy }) => states(['ok', 'degraded', 'missing'], policy.state),
    ['state'],
  ),
  gauge(
    'checkrd_policy_info',
    'Always 1; the SHA-256 of the policy in force is its label',
    ({ policy }) => (policy.sha256 === null ? [] : one(1, { sha256: policy.sha256 })),
    ['sha256'],
  ),
  gauge('checkrd_policy_live_timestamp_seconds', 'When the policy in force went live', ({ counters }) =>
    one(seconds(counters.policyLiveSinceMs)),
  ),
  counter(
    'checkrd_policy_reloads_total',
    'Policies that were read, by what came of it',
    ({ counters }) => [
      { labels: { result: 'loaded' }, value: counters.policiesLoaded },
      { labels: { result: 'rejected' }, value: counters.policiesRejected },
    ],
    ['result'],
  ),
  gauge(
    'checkrd_engine_info',
    'Always 1; SHA-256 and ABI of the engine in force are its labels',
    ({ engine }) => (engine === null ? [] : one(1, { sha256: engine.sha256, abi: String(engine.abi) })),
    ['sha256', 'abi'],
  ),
  gauge('checkrd_engine_refused', '1 while a newer engine file lies there that was refused', ({ engine }) =>
    one(engine === null ? null : engine.isNewerRefused),
  ),

  gauge(
    'checkrd_log_state',
    '1 for the state of the audit log; failing: records cannot be written, and in strict mode calls are denied',
    ({ log }) => states(['ok', 'degraded', 'failing'], log.state),
    ['state'],
  ),
  gauge('checkrd_log_size_records', 'Records in the audit log, over all of its files', ({ log }) => one(log.size)),
  counter(
    'checkrd_log_records_total',
    'Records written since the start, by type; those that the log writes of itself are not among them',
    ({ counters }) => counters.recordTypes.map(({ type, count }) => ({ labels: { type }, value: count })),
    ['type'],
  ),
  counter('checkrd_log_reported_records_total', 'Records among these that a library handed in', ({ counters }) =>
    one(counters.reported),
  ),
  counter('checkrd_log_write_failures_total', 'Records that could not be written', ({ counters }) =>
    one(counters.unwritten),
  ),
  gauge('checkrd_log_segment', 'Number of the file being written, from 0; it rises with each rotation', ({ log }) =>
    one(log.segment),
  ),
  gauge('checkrd_log_checkpoint_size_records', 'Records that the last checkpoint covers', ({ log }) =>
    one(log.checkpointSize),
  ),
  gauge('checkrd_log_checkpoint_timestamp_seconds', 'When the last checkpoint was signed', ({ log }) =>
    one(seconds(log.lastCheckpointMs)),
  ),
  gauge('checkrd_log_uncovered_seconds', 'Age of the last checkpoint while records wait for the next, else 0', facts =>
    one(uncoveredSeconds(facts)),
  ),

  gauge('checkrd_log_bytes', 'Bytes of all files of the log on disk', ({ disk }) => one(disk?.logBytes ?? null)),
  gauge(
    'checkrd_log_growth_bytes_per_day',
    'Bytes that the log grows in a day, by the times of its files',
    ({ disk }) => one(disk?.bytesPerDay ?? null),
  ),
  gauge('checkrd_disk_free_bytes', 'Bytes left to ordinary users on the filesystem of the log', ({ disk }) =>
    one(disk?.freeBytes ?? null),
  ),
  gauge(
    'checkrd_disk_full_days',
    'Days until the log fills its filesystem; +Inf where its retention keeps it from that',
    ({ disk }) => one(disk?.daysUntilFull ?? null),
  ),

  counter('process_cpu_seconds_total', 'Processor time, of user and system', ({ process }) => one(process.cpuSeconds)),
  gauge('process_resident_memory_bytes', 'Memory that is resident', ({ process }) => one(process.residentBytes)),
  gauge('process_open_fds', 'Open file descriptors', ({ process }) => one(process.openFds)),
  gauge('process_max_fds', 'Most file descriptors that may be open', ({ process }) => one(process.maxFds)),
  gauge('process_start_time_seconds', 'When the process was started', ({ process }) => one(process.startedMs / 1000)),
  gauge('checkrd_heap_used_bytes', 'Memory that JavaScript objects take', ({ process }) => one(process.heapBytes)),
  histogram(
    'checkrd_event_loop_lag_seconds',
    'How late the event loop came to a look that is due four times a second',
    ({ process }) => process.lagSeconds,
  ),
];

/** What was never signed is as old as the log's first record at most; the process's age stands for it. */
function uncoveredSeconds({ log, process, nowMs }: MetricFacts): number {
  return log.uncovered === 0 ? 0 : Math.max(0, nowMs - (log.lastCheckpointMs ?? process.startedMs)) / 1000;
}

/** The text of a scrape. */
export function metricsText(facts: MetricFacts): string {
  return exposition(
    METRICS.map((row): Family => {
      const { name, help } = row;
      return row.type === 'histogram'
        ? { name, help, type: row.type, buckets: row.of(facts) }
        : { name, help, type: row.type, samples: row.of(facts) };
    }),
  );
}
