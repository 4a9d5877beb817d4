/**
 * The real daemon under a steady load of several agents, while its log is turned over, its policies change, are spoilt,
 * and the switch comes and goes: every answer must be what was in force, and nothing may grow.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../crash.js';
import { daemonReady, spawnDaemon } from '../daemon-process.js';
import { logrotateSnippet } from '../logrotate-snippet.js';
import { nobody, nobodysFolder } from '../nobody.js';
import { ask } from '../unix-http.js';
import { Acts, type Done } from './acts.js';
import { Agents, type Tally } from './agents.js';
import { Force } from './force.js';
import { policyOf } from './policies.js';
import type { Sample } from './process-samples.js';
import { Times } from './times.js';
import { Watchers } from './watchers.js';

export interface Soak {
  readonly seconds: number;
  readonly perSecond: number;
  readonly seed: number;
  readonly turnEveryMs: number;
  /** Who turns the log over: logrotate, or the daemon itself at this size. */
  readonly by: 'logrotate' | { readonly bytes: number };
}

export interface Soaked {
  readonly folder: string;
  readonly tally: Tally;
  readonly done: Done;
  /** Number of the newest policy. */
  readonly written: number;
  readonly samples: readonly Sample[];
  /** What the daemon said on standard error. */
  readonly said: string;
  /** The counters of /healthz after the last answer. */
  readonly counters: Readonly<Record<string, unknown>>;
}

const AGENTS = ['billing', 'crm', 'mail', 'search'] as const;

/** Runs it; what it left in the folder is there until the test ends. */
export async function soaked(t: TestContext, soak: Soak): Promise<Soaked> {
  const folder = nobodysFolder(t);
  const logs = join(folder, 'logs');
  const bytes = soak.by === 'logrotate' ? '' : `, rotate_bytes: ${soak.by.bytes}`;
  const agents = AGENTS.map(id => `{ id: ${id} }`).join(', ');
  writeFileSync(
    join(folder, 'checkrd.yaml'),
    `policy: policy.yaml\nkillswitch: killswitch/all\naudit: { path: logs/audit.jsonl${bytes} }\ndaemon: { agents: [${agents}], drain_timeout: 1 }\n`,
  );
  writeFileSync(join(folder, 'policy.yaml'), policyOf(0));
  mkdirSync(join(folder, 'killswitch', 'all.d'), { recursive: true });
  const daemon = spawnDaemon(t, folder, nobody);
  await daemonReady(daemon);
  const logrotate = join(folder, 'logrotate.conf');
  if (soak.by === 'logrotate') writeFileSync(logrotate, logrotateSnippet(logs, daemon.pid), { mode: 0o644 });

  const random = seeded(soak.seed);
  const [force, times] = [new Force(), new Times()];
  const socketOf = (agent: string): string => join(folder, 'agent', `${agent}.sock`);
  const load = new Agents(AGENTS, socketOf, force, random, times, join(folder, 'answers'));
  const site = { folder, pid: daemon.pid, agents: AGENTS, logrotate: soak.by === 'logrotate' ? logrotate : null };
  const acts = new Acts(site, force, random);
  const watchers = new Watchers(folder, daemon.pid, times);
  const startMs = performance.now();
  const watching = watchers.run();
  const acting = acts.run({ policy: 3_000, kill: 4_000, turn: soak.turnEveryMs });
  const loading = load.run(soak.perSecond);
  const failed = new AbortController();
  const all = Promise.all([watching, acting, loading]);
  all.catch(error => failed.abort(error));
  await sleep(soak.seconds * 1000, undefined, { signal: failed.signal }).catch(() => undefined);
  acts.stop();
  if (!failed.signal.aborted) await acting;
  load.stop();
  if (!failed.signal.aborted) await loading;
  const seconds = (performance.now() - startMs) / 1000;
  watchers.stop();
  await all;
  const { counters } = (await ask(join(folder, 'checkrd.sock'), '/healthz')).body;
  daemon.kill('SIGTERM');
  assert.equal(await daemon.exit, 0, daemon.said());
  const rate = (load.tally.answers / seconds).toFixed(0);
  t.diagnostic(`seed ${soak.seed}: ${load.tally.answers} answers in ${seconds.toFixed(0)} s, ${rate}/s`);
  const { wrongs, ...counts } = load.tally;
  t.diagnostic(JSON.stringify({ ...counts, ...acts.done }));
  for (const line of times.lines()) t.diagnostic(line);
  return {
    folder,
    tally: load.tally,
    done: acts.done,
    written: force.written,
    samples: watchers.samples,
    said: daemon.said(),
    counters: counters as Record<string, unknown>,
  };
}
