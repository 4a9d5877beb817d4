/** A decision's record handed to a daemon and acknowledged, against one written here: one at a time, and 64 that wait together. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { openAuditLog } from '#src/agent/audit-log.js';
import { HandedLog } from '#src/agent/handover/handed-log.js';
import { Outbox } from '#src/agent/handover/outbox.js';
import type { AuditLog } from '#src/agent/types.js';
import { HANDOVER_ANSWER_MS } from '#src/core/limits.js';
import { SYSTEM_TIMERS } from '#src/disk/timers.js';
import { RecordsClient } from '#src/handover/records-client.js';
import { RECORD, settingsFor } from './append.js';
import { median, print, ratio, time } from './measure.js';

const RECORDS = 1024;
const WAITING = 64;
const ROUNDS = 9;

export async function benchHandover(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-'));
  mkdirSync(join(folder, 'audit'));
  writeFileSync(join(folder, 'policy.yaml'), 'default: allow\nrules: []\n');
  writeFileSync(join(folder, 'checkrd.yaml'), 'daemon: { agents: [{ id: bench }] }\n');
  const daemon = spawn(process.execPath, ['dist/cli/main.js', 'daemon', '--config', join(folder, 'checkrd.yaml')], {
    stdio: 'ignore',
  });
  const own = openAuditLog(settingsFor(join(folder, 'own')));
  const path = join(folder, 'agent', 'bench.sock');
  const handed = new HandedLog({
    path,
    way: new RecordsClient(path, HANDOVER_ANSWER_MS),
    outbox: new Outbox(RECORD.instance_id),
    onLoss: 'deny',
    openLocal: () => own,
    timers: SYSTEM_TIMERS,
    uid: 0,
    onProblem: fault => {
      throw fault;
    },
  });
  try {
    while (!existsSync(path)) await sleep(10);
    const contenders = [() => oneRound(own, 1), () => oneRound(handed, 1), () => oneRound(handed, WAITING)];
    const samples = contenders.map(() => [] as number[]);
    for (const contender of contenders) await contender();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [k, contender] of contenders.entries()) samples[k]?.push(await contender());
    }
    const [here = 0, one = 0, many = 0] = samples.map(median);
    print('records at a daemon', [
      `written here, a record               ${time(here)}`,
      `handed over, one at a time           ${time(one)}`,
      `handed over, ${WAITING} waiting, a record     ${time(many)}`,
      `one at a time / ${WAITING} waiting           ${ratio(one, many)}`,
      `${WAITING} waiting / written here            ${ratio(many, here)}`,
    ]);
  } finally {
    handed.close();
    own.close();
    await ended(daemon);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Nanoseconds a record, when so many are appended before their word is waited for. */
async function oneRound(log: AuditLog, waiting: number): Promise<number> {
  const startMs = performance.now();
  for (let n = 0; n < RECORDS; n += waiting) {
    for (let i = 0; i < waiting; i++) log.append(RECORD);
    await log.onDisk();
  }
  return ((performance.now() - startMs) * 1e6) / RECORDS;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    child.once('close', () => resolve());
    child.kill('SIGTERM');
  });
}
