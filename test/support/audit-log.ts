/** Logs in folders of their own, and records to put into them. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type AuditLogSettings, openAuditLog } from '#src/agent/audit-log.js';
import type { AuditLog } from '#src/agent/types.js';
import type { DecisionFields } from '#src/core/audit/fields.js';

export interface Place {
  readonly folder: string;
  readonly path: string;
  readonly problems: string[];
  settings(change?: Partial<AuditLogSettings>): AuditLogSettings;
  open(change?: Partial<AuditLogSettings>): AuditLog;
}

export function settingsAt(folder: string, problems: string[] = []): AuditLogSettings {
  return {
    path: join(folder, 'log', 'audit.jsonl'),
    identity: null,
    networkFilesystem: () => null,
    makeFolder: 'all',
    keysDir: join(folder, 'keys'),
    host: 'host',
    agent: 'agent',
    durability: 'write',
    rotation: { maxBytes: null, daily: false },
    retention: { keepFiles: null, keepDays: null, keepBytes: null, hold: false },
    signatures: 'checkpoint',
    heads: { file: null, say: null, everyMs: 60_000 },
    reserveBytes: 0,
    machineIdFile: join(folder, 'machine-id'),
    lockProgram: 'flock',
    clock: { wallMs: () => Date.now() },
    random: n => new Uint8Array(randomBytes(n)),
    onProblem: fault => problems.push(fault.message),
  };
}

export function place(t: TestContext): Place {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-log-'));
  const opened: AuditLog[] = [];
  t.after(() => {
    for (const log of opened) log.close();
    // After whatever ends the processes that write here, too: what cannot be removed would keep those hooks from running.
    t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  });
  const problems: string[] = [];
  const base = settingsAt(folder, problems);
  return {
    folder,
    path: base.path,
    problems,
    settings: (change = {}) => ({ ...base, ...change }),
    open(change = {}) {
      const log = openAuditLog({ ...base, ...change });
      opened.push(log);
      return log;
    },
  };
}

export const decision = (n: number, change: Partial<DecisionFields> = {}): DecisionFields => ({
  type: 'decision',
  request_id: `r-${n}`,
  agent_id: 'agent',
  instance_id: 'instance',
  policy_result: 'allow',
  enforced: true,
  code: 'rule_allowed',
  matched_rule: 'reads',
  matched_rule_kind: 'allow',
  method: 'GET',
  url_scheme: 'https',
  url_host: 'api.example.com',
  url_path: '/v1/items/{id}',
  trace_id: '0af7651916cd43dd8448eb211c80319c',
  span_id: 'b7ad6b7169203331',
  span_name: 'GET api.example.com',
  decision_ns: 1234,
  ...change,
});

export function appendMany(log: AuditLog, count: number, from = 0): void {
  for (let n = from; n < from + count; n += 1) log.append(decision(n));
}
