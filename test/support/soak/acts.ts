/**
 * The hand of the operator: policies come and go, the switch is engaged and released, the log is turned over.
 *
 *   in   : the daemon's folder and process, a seed
 *   out  : files changed and signals sent until told to stop; how often each was done
 *   never: has two changes of one kind under way, so that each is met by its own record
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ask } from '../unix-http.js';
import { until } from '../until.js';
import type { Force } from './force.js';
import { policyOf, sha256Of, spoiltPolicy } from './policies.js';

const run = promisify(execFile);
const PATIENCE_MS = 120_000;

export interface Done {
  loaded: number;
  rejected: number;
  kills: number;
  rotations: number;
  hangups: number;
}

export interface Site {
  readonly folder: string;
  readonly pid: number;
  readonly agents: readonly string[];
  /** Configuration for logrotate; null: the log turns itself over, and gets SIGHUP nevertheless. */
  readonly logrotate: string | null;
}

export class Acts {
  /** The daemon's start has loaded policy 0. */
  readonly done: Done = { loaded: 1, rejected: 0, kills: 0, rotations: 0, hangups: 0 };
  #going = true;

  constructor(
    private readonly site: Site,
    private readonly force: Force,
    private readonly random: () => number,
  ) {}

  async run(everyMs: { readonly policy: number; readonly kill: number; readonly turn: number }): Promise<void> {
    await Promise.all([
      this.#each(everyMs.policy, () => this.#policy()),
      this.#each(everyMs.kill, () => this.#kill()),
      this.#each(everyMs.turn, () => this.#turn()),
    ]);
  }

  stop(): void {
    this.#going = false;
  }

  async #each(everyMs: number, act: () => Promise<void>): Promise<void> {
    let dueMs = performance.now() + everyMs;
    while (this.#going) {
      await sleep(Math.min(50, everyMs));
      if (performance.now() < dueMs || !this.#going) continue;
      dueMs = Math.max(dueMs, performance.now() - everyMs) + everyMs;
      await act();
    }
  }

  /** One of six is spoilt; of the others one of four is written into the file that is there. */
  async #policy(): Promise<void> {
    const path = join(this.site.folder, 'policy.yaml');
    if (this.random() < 1 / 6) {
      this.done.rejected += 1;
      this.#renamed(path, spoiltPolicy(this.done.rejected));
      await this.#seen('the refusal', ({ counters }) => counters.policies_rejected === this.done.rejected);
      return;
    }
    const n = ++this.force.written;
    if (this.random() < 1 / 4) writeFileSync(path, policyOf(n));
    else this.#renamed(path, policyOf(n));
    await this.#seen(`policy ${n}`, ({ policy }) => policy.sha256 === sha256Of(policyOf(n)) && policy.state === 'ok');
    this.force.live = n;
    this.done.loaded += 1;
  }

  #renamed(path: string, text: string): void {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  async #seen(what: string, holds: (health: SaidHealth) => boolean): Promise<void> {
    const socket = join(this.site.folder, 'checkrd.sock');
    const asked = async () => holds((await ask(socket, '/healthz')).body as unknown as SaidHealth);
    await until(what, asked, PATIENCE_MS);
  }

  /** Half of them stop everyone. Short, so that few callers wait for slowed denials. */
  async #kill(): Promise<void> {
    const one = this.site.agents[Math.floor(this.random() * this.site.agents.length * 2)] ?? null;
    const path = join(this.site.folder, 'killswitch', one === null ? 'all' : join('all.d', one));
    writeFileSync(path, '');
    this.force.turned(one);
    await sleep(20 + this.random() * 300);
    rmSync(path);
    this.force.turned(one);
    this.done.kills += 1;
  }

  async #turn(): Promise<void> {
    if (this.site.logrotate === null) {
      process.kill(this.site.pid, 'SIGHUP');
      this.done.hangups += 1;
      return;
    }
    const { stderr } = await run('logrotate', ['-f', '-s', `${this.site.logrotate}.state`, this.site.logrotate]);
    assert.equal(stderr, '');
    this.done.rotations += 1;
  }
}

/** What of /healthz is looked at here. */
interface SaidHealth {
  readonly policy: { readonly state: string; readonly sha256: string | null };
  readonly counters: { readonly policies_rejected: number };
}
