/**
 * The log of a soak against what its callers were told: every answer has its record, every record its answer, and each is
 * by the policy that the log itself says was in force.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createReadStream, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { policyNumbers } from './policies.js';
import type { Soaked } from './soak.js';

type LogRecord = Readonly<Record<string, unknown>>;

/** @returns how many records of each type there are */
export async function sameAsTold(soaked: Soaked): Promise<Readonly<Record<string, number>>> {
  const { folder, tally, done, written } = soaked;
  const files = filesOf(join(folder, 'logs'));
  const key = join(folder, 'keys', 'origin.pub');
  const verified = spawnSync(process.execPath, ['dist/cli/main.js', 'verify', ...files, '--key', key], {
    encoding: 'utf8',
  });
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);

  const told = answersOf(join(folder, 'answers'));
  assert.equal(told.size, tally.answers, 'no request ID was given twice');
  const log = new Log(told, policyNumbers(written));
  for (const file of await inOrder(files)) for await (const record of recordsOf(file)) log.take(record);
  assert.equal(told.size, 0, `answers without a record: ${[...told].slice(0, 3)}`);
  assert.equal(log.open.size, 0, 'every call that was let go has one outcome');

  const { types, results } = log;
  const sum = (...names: readonly string[]): number => names.reduce((n, name) => n + (results[name] ?? 0), 0);
  assert.equal(types.decision, tally.answers);
  assert.equal(sum('ok', 'error'), tally.outcomes);
  assert.equal(sum('killed', 'aborted'), tally.late + tally.silent);
  assert.equal(sum('ok', 'error', 'killed', 'aborted'), types.outcome);
  assert.equal(types.policy_loaded, done.loaded);
  assert.equal(types.policy_rejected ?? 0, done.rejected);
  assert.equal(types.kill_engaged, types.kill_released);
  if (done.rotations > 0) assert.equal(types.segment_opened, done.rotations);
  for (const type of ['recovered', 'records_dropped']) assert.equal(types[type], undefined, type);
  return types;
}

class Log {
  readonly types: Record<string, number> = {};
  readonly results: Record<string, number> = {};
  /** Calls that were let go and have no outcome so far. */
  readonly open = new Set<unknown>();
  #seq = 0;
  /** Of the policy in force. */
  #sha256: unknown = null;

  /** @param told request ID to answer; what has its record leaves it */
  constructor(
    private readonly told: Map<string, string>,
    private readonly numbers: ReadonlyMap<unknown, number>,
  ) {}

  take(record: LogRecord): void {
    const at = JSON.stringify(record);
    assert.equal(record.seq, this.#seq++, at);
    this.types[`${record.type}`] = (this.types[`${record.type}`] ?? 0) + 1;
    if (record.type === 'policy_loaded') {
      const [before, now] = [this.numbers.get(this.#sha256) ?? -1, this.numbers.get(record.policy_sha256)];
      assert.ok(now !== undefined && now > before, `policy ${before}, then ${at}`);
      this.#sha256 = record.policy_sha256;
    } else if (record.type === 'decision') this.#decision(record, at);
    else if (record.type === 'outcome') {
      assert.ok(this.open.delete(record.request_id), `no such call is open: ${at}`);
      this.results[`${record.result}`] = (this.results[`${record.result}`] ?? 0) + 1;
    }
  }

  #decision(record: LogRecord, at: string): void {
    const { request_id, agent_id, policy_result, code, matched_rule = null } = record;
    const id = `${request_id}`;
    assert.equal(this.told.get(id), `${agent_id} ${policy_result} ${code} ${matched_rule}`, at);
    this.told.delete(id);
    if (code !== 'kill_switch') assert.equal(record.policy_sha256, this.#sha256, at);
    if (policy_result === 'allow') this.open.add(request_id);
  }
}

function answersOf(path: string): Map<string, string> {
  const told = new Map<string, string>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line !== '') told.set(line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1));
  }
  return told;
}

function filesOf(logs: string): string[] {
  return readdirSync(logs)
    .filter(name => /^audit\.(\d+\.)?jsonl(\.\d+(\.gz)?)?$/.test(name))
    .map(name => join(logs, name))
    .filter(path => lstatSync(path).isFile());
}

async function inOrder(files: readonly string[]): Promise<string[]> {
  const firsts: { readonly file: string; readonly seq: number }[] = [];
  for (const file of files) {
    for await (const { seq } of recordsOf(file)) {
      firsts.push({ file, seq: Number(seq) });
      break;
    }
  }
  return firsts.sort((a, b) => a.seq - b.seq).map(({ file }) => file);
}

async function* recordsOf(file: string): AsyncGenerator<LogRecord> {
  const bytes = createReadStream(file);
  const input = file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  try {
    for await (const line of createInterface({ input })) yield JSON.parse(line) as LogRecord;
  } finally {
    bytes.destroy();
  }
}
