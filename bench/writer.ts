/** The log's writer against pino → pino-roll, what the tree adds to the chain, and what a shared sync saves. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type DestinationStream, pino } from 'pino';
import { openAuditLog } from '#src/agent/audit-log.js';
import { LogKeys } from '#src/agent/log/keys.js';
import { LineWriter } from '#src/agent/log/line-writer.js';
import { timeText } from '#src/agent/log/time-text.js';
import { genesisPrev } from '#src/core/audit/chain.js';
import { EMPTY_FRONTIER } from '#src/core/audit/merkle.js';
import { recordLine } from '#src/core/audit/record.js';
import { sha256Digest, sha256Text } from '#src/crypto/sha256.js';
import { AppendFile } from '#src/disk/append.js';
import { RECORD, settingsFor } from './append.js';
import { median, print, ratio, time } from './measure.js';

const LINES = 20_000;
const ROUNDS = 9;
const WAITING = 64;
const CHECKPOINT_EVERY = 1024;

/** The package brings no types; what is used of it. */
interface Rolling extends DestinationStream {
  flush(done: (error?: Error | null) => void): void;
}
type Roll = (options: { readonly file: string; readonly mkdir: boolean }) => Promise<Rolling>;
const PINO_ROLL: string = 'pino-roll';

type Run = () => void | Promise<void>;

/** Median nanoseconds for one of `count`, contenders in turn. */
async function inTurn(runs: readonly Run[], count: number): Promise<number[]> {
  const samples = runs.map(() => [] as number[]);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [k, run] of runs.entries()) {
      const start = performance.now();
      await run();
      // The first round warms up.
      if (round > 0) samples[k]?.push(((performance.now() - start) * 1e6) / count);
    }
  }
  return samples.map(median);
}

function fileAt(path: string): AppendFile {
  const made = AppendFile.create(path);
  if (!made.ok) throw new Error(made.errno);
  return made.file;
}

/** Build, chain, write: one hash a line, no tree. */
function chainOnly(folder: string): Run {
  const file = fileAt(join(folder, 'chain.jsonl'));
  const buffer = Buffer.alloc(32 * 1024);
  const log = 'host/bench/0123456789abcdef';
  let seq = 0;
  let prev = genesisPrev(sha256Text, log);
  return () => {
    for (let n = 0; n < LINES; n += 1) {
      const line = recordLine(sha256Text, { log, seq, prev, time: timeText(Date.now()) }, RECORD);
      const length = buffer.write(line, 1, 'utf8');
      buffer[1 + length] = 0x0a;
      file.look();
      file.write(buffer, 1, length + 1);
      prev = sha256Digest(buffer.subarray(0, 1 + length));
      seq += 1;
    }
  };
}

/** As the log does it: chain, tree, a signed checkpoint every 1,024 lines. */
function withTree(folder: string): Run {
  const file = fileAt(join(folder, 'tree.jsonl'));
  const log = 'host/bench/0123456789abcdef';
  const keys = LogKeys.begin(join(folder, 'tree-keys'), log, null, Date.now());
  const nothing = { size: 0, head: genesisPrev(sha256Text, log), frontier: EMPTY_FRONTIER };
  const lines = new LineWriter(log, keys, nothing, false);
  return () => {
    for (let n = 0; n < LINES; n += 1) {
      file.look();
      lines.write(file, RECORD, Date.now());
      if (n % CHECKPOINT_EVERY === 0) lines.writeCheckpoint(file, lines.tip.position(), Date.now());
    }
  };
}

async function pinoRoll(folder: string): Promise<Run> {
  const { default: roll } = (await import(PINO_ROLL)) as { readonly default: Roll };
  const stream = await roll({ file: join(folder, 'pino'), mkdir: true });
  const logger = pino({ base: null }, stream);
  return async () => {
    for (let n = 0; n < LINES; n += 1) logger.info(RECORD);
    await new Promise<void>((resolve, reject) => stream.flush(error => (error ? reject(error) : resolve())));
  };
}

export async function benchWriter(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-'));
  try {
    const runs = [await pinoRoll(folder), chainOnly(folder), withTree(folder)];
    const [peer = 0, chain = 0, tree = 0] = await inTurn(runs, LINES);
    print(`writer, ${LINES} records a round`, [
      `pino → pino-roll              ${time(peer)}`,
      `chain only                    ${time(chain)}`,
      `chain, tree, checkpoints      ${time(tree)}`,
      `pino-roll / chain             ${ratio(peer, chain)} (expected ≥ 2×)`,
      `pino-roll / chain and tree    ${ratio(peer, tree)} (expected ≥ 1.2×)`,
      `chain and tree / chain        ${ratio(tree, chain)} (expected ≤ 1.6×)`,
    ]);
    await benchCommit(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function benchCommit(folder: string): Promise<void> {
  const log = openAuditLog({ ...settingsFor(join(folder, 'commit')), durability: 'fsync', random: randomBytes });
  const alone = fileAt(join(folder, 'alone.jsonl'));
  const line = Buffer.from(`${'x'.repeat(700)}\n`);
  try {
    const group: Run = async () => {
      const waits: (Promise<boolean> | null)[] = [];
      for (let n = 0; n < WAITING; n += 1) {
        log.append(RECORD);
        waits.push(log.onDisk());
      }
      await Promise.all(waits);
    };
    const each: Run = () => {
      for (let n = 0; n < WAITING; n += 1) {
        alone.write(line, 0, line.length);
        alone.sync();
      }
    };
    const [grouped = 0, single = 0] = await inTurn([group, each], WAITING);
    print(`durability fsync, ${WAITING} records waiting`, [
      `one sync for all, a record    ${time(grouped)}`,
      `one sync for each, a record   ${time(single)}`,
      `each / all                    ${ratio(single, grouped)} (expected ≥ 5×)`,
    ]);
  } finally {
    log.close();
    alone.close();
  }
}
