/**
 * GET /metrics: what the agent, its log, the disk and the process come to, for Prometheus.
 *
 *   in   : the daemon's parts
 *   out  : a route for the main socket, and for a port of this machine where the settings ask for one
 *   never: holds up a decision: files are looked at without waiting, and the folder of the log once a minute
 */
import { logForecastLater } from '../agent/log/footprint.js';
import type { Settings } from '../core/config/settings.js';
import type { DiskForecast } from '../core/disk/forecast.js';
import { EXPOSITION_TYPE } from '../core/metrics/exposition.js';
import type { MetricFacts } from '../core/metrics/facts.js';
import { metricsText } from '../core/metrics/table.js';
import type { HealthParts } from './health.js';
import type { Route } from './http.js';
import type { ProcessWatch } from './process-facts.js';

const DISK_LOOK_EVERY_MS = 60_000;

export function metricsRoute(parts: HealthParts, settings: Settings, watch: ProcessWatch): Route {
  const disk = diskLook(settings);
  return {
    method: 'GET',
    path: '/metrics',
    handle: async () => ({
      status: 200,
      type: EXPOSITION_TYPE,
      body: metricsText(await factsOf(parts, settings, disk, watch)),
    }),
  };
}

/** A folder of thousands of files is not read again for every scrape. */
function diskLook(settings: Settings): (nowMs: number) => Promise<DiskForecast | null> {
  let lookedMs = Number.NEGATIVE_INFINITY;
  let last: Promise<DiskForecast | null> = Promise.resolve(null);
  return nowMs => {
    if (Math.abs(nowMs - lookedMs) >= DISK_LOOK_EVERY_MS) {
      lookedMs = nowMs;
      last = logForecastLater(settings, nowMs);
    }
    return last;
  };
}

async function factsOf(
  parts: HealthParts,
  settings: Settings,
  diskAt: (nowMs: number) => Promise<DiskForecast | null>,
  watch: ProcessWatch,
): Promise<MetricFacts> {
  const nowMs = Date.now();
  const disk = await diskAt(nowMs);
  const process_ = await watch.read(nowMs);
  // Last, and in one turn: what is told is of one moment.
  const { policy, policySha256, engine, audit, holds, breakGlass, counters } = parts.agent.health();
  return {
    nowMs,
    version: parts.version,
    node: process.version,
    mode: parts.mode,
    isEnforcing: settings.enforce,
    isStopping: parts.stopping(),
    counters,
    openCalls: parts.calls.size,
    policy: { state: policy.state, sha256: policySha256 },
    engine: engine && { sha256: engine.sha256, abi: engine.abi, isNewerRefused: engine.issue !== null },
    kills: holds.length,
    breakGlassExpiresMs: breakGlass?.expiresMs ?? null,
    log: audit,
    disk,
    process: process_,
  };
}
