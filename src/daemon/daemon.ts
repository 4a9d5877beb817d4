/**
 * The daemon: sockets in front of one agent.
 *
 *   start : claim the sockets → open the agent → listen → tell systemd
 *   stop  : refuse new calls → wait for the outcomes of open ones → close sockets → close the log
 *   never : knows signals or exit codes (the command line does), decides anything itself
 */
import type { Server } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unseparated } from '../agent/separation.js';
import { agentSocketPath } from '../core/config/resolve.js';
import type { Settings } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';
import { groupId } from '../disk/group-id.js';
import type { Lock } from '../disk/lock.js';
import { SYSTEM_TIMERS } from '../disk/timers.js';
import type { DaemonAgent } from './agent-port.js';
import { askDaemon } from './ask.js';
import { decideRoutes } from './decide-routes.js';
import type { Events } from './events.js';
import { healthRoutes, mainRoutes, statusLine } from './health.js';
import { bodyMax, type HttpTimeouts, type Route, serve } from './http.js';
import type { Logger } from './logger.js';
import { metricsRoute } from './metrics.js';
import type { Notifier } from './notify.js';
import { OpenCalls } from './open-calls.js';
import { ProcessWatch } from './process-facts.js';
import { recordRoutes } from './record-routes.js';
import { claimSocket, clear, isLoopbackHost, listen, listenOnLoopback } from './sockets.js';
import { startWatchdog } from './watchdog.js';

export interface DaemonParts {
  readonly settings: Settings;
  readonly version: string;
  readonly logger: Logger;
  readonly events: Pick<Events, 'say'>;
  readonly notifier: Notifier;
  /** Opened once the sockets are ours, so that a second daemon never touches the log. */
  readonly openAgent: (settings: Settings) => Promise<DaemonAgent>;
  readonly timeouts?: HttpTimeouts;
}

export interface RunningDaemon {
  /** SIGHUP: next log file, another look at the policy. Settings are read at start only. */
  hangup(): void;
  /** Ends within the drain time and a second; idempotent. */
  stop(): Promise<void>;
}

const SWEEP_EVERY_MS = 10_000;
const DRAIN_LOOK_MS = 20;

/** @throws Fault when a socket cannot be had or the agent cannot be opened; nothing is left behind then. */
export async function startDaemon(parts: DaemonParts): Promise<RunningDaemon> {
  const { settings, logger } = parts;
  const { socket, agents, metrics } = settings.daemon;
  const groups = {
    main: settings.operatorsGroup === null ? null : groupId(settings.operatorsGroup),
    ofAgents: agents.map(a => (a.group === null ? null : groupId(a.group))),
  };
  refuseUnseparated(settings, groups.ofAgents);
  const lock = await claimSocket(socket);
  const servers: Server[] = [];
  const watch = new ProcessWatch(() => performance.now());
  let agent: DaemonAgent | null = null;
  try {
    for (const { id } of agents) await clear(agentSocketPath(socket, id));
    agent = await parts.openAgent(settings);
    const calls = new OpenCalls(() => performance.now());
    const state = { stopping: false };
    const shared = {
      agent,
      calls,
      stopping: () => state.stopping,
      inspectBytes: settings.inspectBytes,
      version: parts.version,
      mode: settings.securityMode,
      agents: agents.map(a => a.id),
      agentSockets: join(dirname(socket), 'agent'),
    };
    const broken = (error: unknown) => logger.error({ err: error }, 'a request failed inside');
    const open = async (routes: readonly Route[], path: string, group: number | null) => {
      const server = serve(routes, broken, bodyMax(settings.inspectBytes), parts.timeouts);
      servers.push(server);
      const given = await listen(server, path, group);
      if (!given)
        logger.warn({ path, group }, 'the socket could not be given to its group; run as root or as a member');
    };
    for (const [i, { id }] of agents.entries()) {
      const routes = [...decideRoutes(shared, id), ...recordRoutes(agent, id), ...healthRoutes(shared)];
      await open(routes, agentSocketPath(socket, id), groups.ofAgents[i] ?? null);
    }
    const measured = metricsRoute(shared, settings, watch);
    await open(mainRoutes(shared, [measured]), socket, groups.main);
    if (metrics !== null) {
      const server = serve([measured], broken, 0, parts.timeouts, isLoopbackHost);
      servers.push(server);
      await listenOnLoopback(server, metrics);
    }
    if (agents.length === 0) logger.warn('`daemon.agents` is empty: nobody can ask for decisions');
    const sweeper = setInterval(() => calls.sweep(), SWEEP_EVERY_MS);
    const status = () => statusLine(shared);
    const running = new Running(parts, agent, calls, servers, lock, state, sweeper, watch, status);
    const { securityMode: mode, policy } = settings;
    const facts = { socket, agents: shared.agents.join(','), mode, policy };
    parts.events.say({ event: 'ready', level: 'info', message: 'ready', facts });
    await parts.notifier.ready(status());
    running.keepAlive();
    return running;
  } catch (error) {
    for (const server of servers) server.close();
    watch.stop();
    await agent?.close();
    lock.release();
    throw error;
  }
}

/** An agent whose socket has no group of its own connects through the daemon's. */
function refuseUnseparated(settings: Settings, agentGroups: readonly (number | null)[]): void {
  if (settings.requireSeparation !== true) return;
  const own = process.getegid?.() ?? 0;
  const [first] = unseparated(settings, new Set(agentGroups.map(group => group ?? own)));
  if (first !== undefined) throw new Fault('not_separate', { ...first });
}

class Running implements RunningDaemon {
  private stopped: Promise<void> | null = null;
  private endWatchdog = (): void => {};
  constructor(
    private readonly parts: DaemonParts,
    private readonly agent: DaemonAgent,
    private readonly calls: OpenCalls,
    private readonly servers: readonly Server[],
    private readonly lock: Lock,
    private readonly state: { stopping: boolean },
    private readonly sweeper: NodeJS.Timeout,
    private readonly watch: ProcessWatch,
    private readonly status: () => string,
  ) {}

  keepAlive(): void {
    const { logger, notifier, settings } = this.parts;
    if (notifier.watchdogMs === null) return;
    // Not the agents' sockets: an agent that takes all connections of its own must not have us killed.
    const isWell = async () =>
      this.agent.decides() && (await askDaemon(settings.daemon.socket, '/readyz')).is === 'answered';
    const alive = () => notifier.alive(this.status());
    const ailing = () => logger.error('engine or socket do not answer: systemd is not told that all is well');
    this.endWatchdog = startWatchdog(notifier.watchdogMs, { isWell, alive, ailing }, SYSTEM_TIMERS);
  }

  hangup(): void {
    this.parts.notifier.reloading();
    this.reopen();
    this.parts.notifier.reloaded(this.status());
  }

  private reopen(): void {
    try {
      this.agent.hangup();
      this.parts.logger.info('the log was reopened');
    } catch (error) {
      this.parts.logger.error({ err: error }, 'the log could not be reopened');
    }
  }

  stop(): Promise<void> {
    this.stopped ??= this.drain();
    return this.stopped;
  }

  private async drain(): Promise<void> {
    const { logger, events, notifier, settings } = this.parts;
    this.state.stopping = true;
    this.endWatchdog();
    notifier.stopping();
    const facts = { open_calls: this.calls.size };
    events.say({ event: 'stopping', level: 'info', message: 'stopping', facts });
    const until = performance.now() + settings.daemon.drainTimeout * 1000;
    // The sockets stay open meanwhile: an outcome may come over a new connection.
    while (this.calls.size > 0 && performance.now() < until) await sleep(DRAIN_LOOK_MS);
    clearInterval(this.sweeper);
    this.watch.stop();
    await Promise.all(this.servers.map(server => closed(server, until - performance.now())));
    if (this.calls.size > 0)
      logger.warn({ open_calls: this.calls.size }, 'calls without an outcome are recorded as aborted');
    this.calls.closeAll();
    await this.agent.close();
    this.lock.release();
    events.say({ event: 'stopped', level: 'info', message: 'stopped', facts: {} });
  }
}

/** Lets answers under way leave, up to `graceMs` (at least a moment), then cuts what is left. */
function closed(server: Server, graceMs: number): Promise<void> {
  return new Promise(resolve => {
    const cut = setTimeout(() => server.closeAllConnections(), Math.max(100, graceMs));
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
