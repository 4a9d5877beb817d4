/**
 * Says in the state folder what this process is guarded by and which ways out it has, for as long as it lives.
 *
 *   in   : the agent's health, looked at once a second
 *   out  : `processes/<instance id>.json`: a second after a way changes its state, every ten while numbers change or it
 *          could not be written, every minute
 *   never: throws, waits, or holds up a call: where it cannot be written, health says so and calls go on
 */
import type { Settings } from '../core/config/settings.js';
import { limitsOf } from '../core/status/limits.js';
import { encodeReport, type ProcessReport } from '../core/status/process-report.js';
import { LiveFile } from '../disk/live-file.js';
import { ownIdentity } from '../disk/thread-identity.js';
import type { Timers } from '../disk/timers.js';
import { callTotals } from './counters.js';
import { processFilePath, sweepProcesses } from './process-folder.js';
import type { AgentHealth } from './types.js';
import { packageVersion } from './version.js';

const LOOK_EVERY_MS = 1_000;
const NUMBERS_EVERY_MS = 10_000;
/** Whoever is silent for longer than twice this hangs, or cannot write. */
const SAY_EVERY_MS = 60_000;

export interface ProcessFileParts {
  readonly settings: Settings;
  readonly agentId: string;
  readonly instanceId: string;
  readonly disabled: boolean;
  /** Options of Node: of NODE_OPTIONS, then of the command line. */
  readonly nodeFlags: readonly string[];
  readonly health: () => Omit<AgentHealth, 'processFile'>;
  readonly timers: Timers;
  readonly wallMs: () => number;
}

export class ProcessFile {
  readonly #parts: ProcessFileParts;
  readonly #file: LiveFile;
  readonly #identity = ownIdentity();
  readonly #startedMs: number;
  readonly #stop: () => void;
  #saidMs: number;
  #states = '';
  #numbers = '';
  #error: string | null;

  constructor(parts: ProcessFileParts) {
    this.#parts = parts;
    this.#file = new LiveFile(processFilePath(parts.settings.stateDir, parts.instanceId));
    this.#startedMs = parts.wallMs();
    this.#saidMs = parts.timers.now();
    this.#error = this.#file.begin(this.#text());
    sweepProcesses(parts.settings.stateDir);
    this.#stop = parts.timers.every(LOOK_EVERY_MS, () => this.#look());
  }

  /** `error`: the system's code; null: it is as it should be. */
  get state(): { readonly path: string; readonly error: string | null } {
    return { path: this.#file.path, error: this.#error };
  }

  /** Every edge is in place: not worth a second's wait. */
  settled(): void {
    this.#error = this.#file.begin(this.#text());
  }

  remove(): void {
    this.#stop();
    this.#file.remove();
  }

  #look(): void {
    if (this.#file.isBusy) return;
    const sinceMs = this.#parts.timers.now() - this.#saidMs;
    const [states, numbers] = [this.#states, this.#numbers];
    const text = this.#text();
    const due =
      this.#states !== states ||
      ((this.#numbers !== numbers || this.#error !== null) && sinceMs >= NUMBERS_EVERY_MS) ||
      sinceMs >= SAY_EVERY_MS;
    if (!due) {
      this.#numbers = numbers;
      return;
    }
    this.#saidMs = this.#parts.timers.now();
    void this.#file.replace(text).then(error => {
      this.#error = error;
    });
  }

  #text(): string {
    const report = this.#report();
    const { state, policySha256, coverage } = report;
    this.#states = JSON.stringify([state, policySha256, report.log, coverage.map(row => row.state)]);
    this.#numbers = JSON.stringify([report.allowed, report.denied, report.observed, coverage]);
    return encodeReport(report);
  }

  #report(): ProcessReport {
    const { settings, agentId, instanceId, disabled, nodeFlags } = this.#parts;
    const health = this.#parts.health();
    const { egress } = settings;
    const rows = new Map(health.coverage.map(row => [row.way, row]));
    return {
      instanceId,
      agentId,
      identity: this.#identity,
      version: packageVersion(),
      node: process.version,
      mode: disabled ? 'disabled' : settings.securityMode,
      enforce: settings.enforce,
      coverageRule: egress.coverage,
      state: health.state,
      policySha256: health.policySha256,
      log: health.audit.path,
      startedMs: this.#startedMs,
      writtenMs: this.#parts.wallMs(),
      coverage: health.coverage,
      limits: limitsOf({
        wholeProcess: rows.get('sockets')?.state !== 'unknown',
        nodeFlags,
        nativeAllowed: egress.native !== 'deny',
        nativePassed: (rows.get('native')?.passed ?? 0) > 0,
        datagramsAllowed: egress.datagrams !== 'deny',
        processesAllowed: egress.processes !== 'deny',
        callsWait: settings.audit.durability === 'fsync' || settings.daemon.records !== null,
      }),
      ...callTotals(health.counters, false),
    };
  }
}
