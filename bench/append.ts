/** One record into the log against one raw `writeSync` of the same bytes. */
import { hash, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditLogSettings, openAuditLog } from '#src/agent/audit-log.js';
import type { DecisionFields } from '#src/core/audit/fields.js';
import { recordLine } from '#src/core/audit/record.js';
import { sha256, sha256Text } from '#src/crypto/sha256.js';
import { compare, print, ratio, time } from './measure.js';

export const RECORD: DecisionFields = {
  type: 'decision',
  request_id: '019a4a5e-7b9e-7cc3-a5fb-0123456789ab',
  agent_id: 'bench',
  instance_id: '0123456789abcdef',
  policy_result: 'allow',
  enforced: true,
  code: 'rule_allowed',
  matched_rule: 'models',
  matched_rule_kind: 'allow',
  policy_mode: 'enforce',
  policy_sha256: 'a'.repeat(64),
  method: 'POST',
  url_scheme: 'https',
  url_host: 'api.example.com',
  url_path: '/v1/chat/completions',
  trace_id: '0af7651916cd43dd8448eb211c80319c',
  span_id: 'b7ad6b7169203331',
  span_name: 'POST api.example.com',
  decision_ns: 12_345,
};
const PLACE = {
  log: 'host/bench/0123456789abcdef',
  seq: 123_456,
  prev: 'b'.repeat(64),
  time: '2026-01-07T12:00:00.000Z',
};

export function settingsFor(folder: string): AuditLogSettings {
  return {
    path: join(folder, 'audit.jsonl'),
    identity: null,
    networkFilesystem: () => null,
    makeFolder: 'all',
    keysDir: join(folder, 'keys'),
    host: 'host',
    agent: 'bench',
    durability: 'write',
    rotation: { maxBytes: null, daily: false },
    retention: { keepFiles: null, keepDays: null, keepBytes: null, hold: false },
    signatures: 'checkpoint',
    heads: { file: null, say: null, everyMs: 60_000 },
    reserveBytes: 0,
    machineIdFile: '/etc/machine-id',
    lockProgram: 'flock',
    clock: { wallMs: Date.now },
    random: randomBytes,
    onProblem: fault => {
      throw fault;
    },
  };
}

export function benchAppend(): void {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-'));
  const log = openAuditLog(settingsFor(folder));
  const line = recordLine(sha256Text, PLACE, RECORD);
  const bytes = Buffer.from(`${line}\n`);
  const buffer = Buffer.alloc(bytes.length);
  const node = new Uint8Array(65);
  const fd = openSync(join(folder, 'raw.jsonl'), 'a');
  try {
    const rows = compare(
      [
        { name: 'append', run: () => log.append(RECORD) },
        { name: 'writeSync, the same bytes', run: () => writeSync(fd, bytes, 0, bytes.length) },
        { name: 'build the line', run: () => recordLine(sha256Text, PLACE, RECORD) },
        { name: 'encode', run: () => buffer.write(line, 0, 'utf8') },
        { name: 'hash', run: () => hash('sha256', line, 'hex') },
        { name: 'hash of a tree node', run: () => sha256(node) },
        { name: 'fstat', run: () => fstatSync(fd) },
      ],
      4_000,
      15,
    );
    const ns = rows.map(row => row.ns);
    const [append = 0, raw = 0] = ns;
    const parts = ns.slice(1).reduce((sum, part) => sum + part, 0);
    print(`append, one record of ${bytes.length} bytes`, [
      ...rows.map(row => `${row.name.padEnd(26)} ${time(row.ns)}`),
      `append / raw write         ${ratio(append, raw)}`,
      `append / sum of its parts  ${ratio(append, parts)} (expected ≤ 1.6×)`,
    ]);
  } finally {
    log.close();
    closeSync(fd);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
