/** A short life of a log, its power cut after any of its system calls, and what must be so after the next start. */
import assert from 'node:assert/strict';
import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditLogSettings, openAuditLog } from '#src/agent/audit-log.js';
import type { AuditLog } from '#src/agent/types.js';
import { verify } from '#src/cli/verify.js';
import { decision, settingsAt } from './audit-log.js';
import { runCommand } from './cli-command.js';
import { seeded } from './crash.js';
import { diskAfter, kernelAfter, type Left, layDown, type Step, stashInodes, tracing } from './power-cut.js';

/** A record whose caller was told, after so many steps, that it counts. */
interface Told {
  readonly id: string;
  readonly after: number;
}

export interface Life {
  readonly folder: string;
  readonly settings: AuditLogSettings;
  readonly steps: readonly Step[];
  readonly told: readonly Told[];
  /** Every line of it, by `seq`. */
  readonly lines: readonly string[];
  readonly anchor: string;
  end(): void;
}

const DAY_MS = 86_400_000;
const foldersOf = ({ folder }: { readonly folder: string }): string[] => [join(folder, 'log'), join(folder, 'keys')];

/** Records, files that end by size or are renamed, an epoch that ends by time, a close and a start in order. */
export async function life(change: Partial<AuditLogSettings>): Promise<Life> {
  // What a disk would lose is computed: it need not be waited for.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'checkrd-cut-'));
  let ms = Date.now();
  const problems: string[] = [];
  const settings: AuditLogSettings = {
    ...settingsAt(folder, problems),
    lockProgram: 'no-such-program',
    clock: { wallMs: () => ms },
    ...change,
  };
  for (const name of ['log', 'keys']) mkdirSync(join(folder, name));
  const told: Told[] = [];
  const trace = tracing(folder);
  const put = async (log: AuditLog, n: number): Promise<void> => {
    log.append(decision(n));
    if ((await log.onDisk()) !== false) told.push({ id: `r-${n}`, after: trace.steps.length });
  };
  try {
    let log = openAuditLog(settings);
    for (let n = 0; n < 3; n += 1) await put(log, n);
    ms += DAY_MS + 1000;
    await put(log, 3);
    log.close();
    log = openAuditLog(settings);
    for (let n = 4; n < 10; n += 1) {
      ms += 1001;
      if (settings.rotation.maxBytes === null && n % 2 === 0) {
        fs.renameSync(settings.path, `${settings.path}.${n}`);
        log.reopen();
      }
      await put(log, n);
    }
    log.close();
  } finally {
    trace.stop();
  }
  assert.deepEqual(problems, []);
  stashInodes(trace, foldersOf({ folder }), join(folder, 'stash'));
  const lines: string[] = [];
  for (const [seq, line] of linesIn(folder)) lines[seq] = line;
  return {
    folder,
    settings: { ...settings, clock: { wallMs: () => ms + 5000 } },
    steps: trace.steps,
    told,
    lines,
    anchor: readFileSync(join(folder, 'keys', 'origin.pub'), 'utf8').trim(),
    end: () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }),
  };
}

const logFiles = (folder: string): string[] => {
  const names = readdirSync(join(folder, 'log')).filter(name => /^audit\b.*\.jsonl(\.\d+)?$/.test(name));
  const paths = names.map(name => join(folder, 'log', name));
  return paths.filter(path => fs.lstatSync(path).isFile());
};

/** Whole lines of records in all files, with their `seq`. */
function linesIn(folder: string): [number, string][] {
  const all = logFiles(folder).flatMap(file => readFileSync(file, 'latin1').split('\n').slice(0, -1));
  return all.flatMap(line => {
    const seq = /"seq":(\d+),/.exec(line)?.[1];
    return seq === undefined || line.includes('\0') ? [] : [[Number(seq), line] as [number, string]];
  });
}

/** After `end` steps the power (or the process) goes; the next start must have lost nothing that was promised. */
export async function cutAndStart(of: Life, end: number, left: Left, promised: 'told' | 'nothing'): Promise<string[]> {
  layDown(left, foldersOf(of), join(of.folder, 'stash'));
  const state = stateIn(of.folder);
  const log = openAuditLog(of.settings);
  log.append(decision(1000));
  log.close();
  const lines = linesIn(of.folder);
  const text = lines.map(([, line]) => line).join('\n');
  for (const { id, after } of of.told) {
    if (after <= end && promised === 'told') assert.ok(text.includes(`"request_id":"${id}"`), `${id} is lost`);
  }
  assert.ok(text.includes('"request_id":"r-1000"'), 'it does not go on');
  const seen = new Map<number, string>();
  for (const [seq, line] of lines) {
    assert.equal(seen.get(seq) ?? line, line, `two lines have seq ${seq}`);
    seen.set(seq, line);
    if (seq < state && line.includes(of.settings.host))
      assert.equal(line, of.lines[seq], `line ${seq} is below the state (${state}) and another`);
  }
  // Where no line of the log was left nobody was promised any: another has begun, and NULs may be all there is of the first.
  const relied = lines.some(([seq, line]) => line === of.lines[seq]);
  const anchor = relied ? of.anchor : join(of.folder, 'keys', 'origin.pub');
  const run = await runCommand(verify, ['--json', '--key', anchor, ...logFiles(of.folder)]);
  assert.ok(run.code === 0 || (run.code === 2 && !relied), run.out.join('\n'));
  return [...text.matchAll(/"cause":"(\w+)"/g)].map(([, cause]) => cause as string);
}

/** Lines that the state knows of; 0 without one. */
function stateIn(folder: string): number {
  try {
    return Number(/"size":(\d+)/.exec(readFileSync(join(folder, 'log', 'audit.jsonl.state'), 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** `cuts` of them at random moments of `of`. What each recovery said is counted. */
export async function cuts(of: Life, count: number, seed: number): Promise<Readonly<Record<string, number>>> {
  const random = seeded(seed);
  // With `write` a power cut may take the last second; what was signed for is not signed for anew.
  const promised = of.settings.durability === 'fsync' ? 'told' : 'nothing';
  const said: Record<string, number> = {};
  for (let n = 0; n < count; n += 1) {
    const end = Math.floor(random() * (of.steps.length + 1));
    try {
      for (const cause of await cutAndStart(of, end, diskAfter(of.steps, end, random), promised)) {
        said[cause] = (said[cause] ?? 0) + 1;
      }
    } catch (error) {
      throw new Error(`cut ${n} of seed ${seed}, after step ${end} of ${of.steps.length}`, { cause: error });
    }
  }
  return said;
}

/** A kill after each step. */
export async function kills(of: Life, every: number): Promise<number> {
  let done = 0;
  for (let end = 0; end <= of.steps.length; end += every) {
    try {
      await cutAndStart(of, end, kernelAfter(of.steps, end), 'told');
    } catch (error) {
      throw new Error(`killed after step ${end} of ${of.steps.length}`, { cause: error });
    }
    done += 1;
  }
  return done;
}
