/**
 * The parts of a support bundle, each by itself: what one of them cannot look at is said, and the others go on.
 *
 *   in   : settings, and what other commands answer
 *   out  : files of redacted text, in a fixed order, and what was left out and why
 *   never: puts anything in that core/support/shapes.ts does not allow
 */
import { createHmac, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { arch, cpus, freemem, hostname, loadavg, platform, release, totalmem, uptime } from 'node:os';
import { dirname, join } from 'node:path';
import { logForecast } from '../../agent/log/footprint.js';
import { packageVersion } from '../../agent/version.js';
import { OTHER_VARIABLES, SETTING_KEYS } from '../../core/config/keys.js';
import type { Settings } from '../../core/config/settings.js';
import { Fault } from '../../core/fault.js';
import { METRICS } from '../../core/metrics/table.js';
import { namesFor } from '../../core/support/names.js';
import { type Form, type Names, pick } from '../../core/support/pick.js';
import {
  CHECK_SHAPE,
  DOCTOR_SHAPE,
  MACHINE_SHAPE,
  MESSAGES_SHAPE,
  RECORDS_SHAPE,
  SETTINGS_SHAPE,
  STATUS_SHAPE,
} from '../../core/support/shapes.js';
import { askDaemonText } from '../../daemon/ask.js';
import { errorCode } from '../../disk/error-code.js';
import { documentPaths, policyPlace } from '../../disk/policy-set.js';
import { readArgs } from '../args.js';
import type { CliIo, Command } from '../io.js';
import { logHeads } from '../log-head.js';
import { lastLines } from './last-lines.js';

export interface BundleFile {
  readonly name: string;
  readonly what: string;
  readonly text: string;
}

export interface LeftOut {
  readonly what: string;
  readonly why: string;
}

export interface Asked {
  /** Null: they do not load, which is what a bundle may be about. */
  readonly settings: Settings | null;
  /** As `--config` was given; null: not. */
  readonly config: string | null;
  readonly io: CliIo;
  readonly withPolicy: boolean;
  readonly withNames: boolean;
  readonly commands: { readonly status: Command; readonly doctor: Command; readonly check: Command };
}

/** Lines looked at for a hundred that say something. */
const LINES = 100;

export async function bundleParts(
  asked: Asked,
): Promise<{ files: readonly BundleFile[]; leftOut: readonly LeftOut[] }> {
  const { settings, io, withPolicy, withNames, commands, config } = asked;
  const salt = randomBytes(32);
  const names = namesFor(withNames ? null : id => createHmac('sha256', salt).update(id).digest('hex'));
  const files: BundleFile[] = [];
  const leftOut: LeftOut[] = [];
  const add = async (name: string, what: string, make: () => string | null | Promise<string | null>): Promise<void> => {
    try {
      const text = await make();
      if (text === null) leftOut.push({ what: name, why: 'there is none' });
      else files.push({ name, what, text });
    } catch (error) {
      leftOut.push({
        what: name,
        why: `it could not be looked at (${error instanceof Fault ? error.code : errorCode(error)})`,
      });
    }
  };
  const json = (value: unknown, form: Form): string => `${JSON.stringify(pick(value, form, names), null, 2)}\n`;
  const flags = config === null ? ['--json'] : ['--json', '--config', config];

  await add('machine.json', 'versions and the machine', () => json(machine(), MACHINE_SHAPE));
  await add('environment.json', 'names of our variables that are set', () => environment(io));
  await add('doctor.json', 'checkrd doctor: what was looked at and how it stands', async () =>
    json(await answerOf(commands.doctor, flags, io), DOCTOR_SHAPE),
  );
  if (settings === null) leftOut.push({ what: 'settings and all that they name', why: 'they do not load' });
  else {
    await add('settings.json', 'effective settings; paths and agents under other names', () =>
      json(settings, SETTINGS_SHAPE),
    );
    await add('status.json', 'checkrd status', async () =>
      json(await answerOf(commands.status, flags, io), STATUS_SHAPE),
    );
    await add('check.json', 'checkrd check: codes and places, no words of the policy', async () =>
      json(await answerOf(commands.check, ['--json', settings.policy], io), CHECK_SHAPE),
    );
    await add('records.json', 'the last records of the log: types and codes', () => records(settings, names));
    await add('messages.json', 'the last operational messages: when, how loud, which event', () =>
      messages(settings, names),
    );
    await add('metrics.txt', 'GET /metrics of the daemon', () => metrics(settings, names));
    await add('disk.json', 'the log on its disk, and the forecast', () => disk(settings));
    await add('process.json', 'memory, threads and descriptors of the daemon', () => daemonProcess(settings));
  }
  if (withNames) await add('host.json', 'the name of this machine', () => `${JSON.stringify({ host: hostname() })}\n`);
  else leftOut.push({ what: 'names of host and agents, other paths', why: 'ask for them with --with-names' });
  if (withPolicy && settings !== null) await policies(settings, add);
  else if (!withPolicy) leftOut.push({ what: 'the policy itself', why: 'ask for it with --with-policy' });
  leftOut.push({ what: 'keys, values of variables, URLs, hosts, reasons, texts of messages', why: 'never' });
  return { files, leftOut };
}

function machine() {
  return {
    checkrd: packageVersion(),
    node: process.version,
    kernel: /^\d+(\.\d+)*/.exec(release())?.[0] ?? null,
    platform: platform(),
    arch: arch(),
    cpus: cpus().length,
    memory_bytes: totalmem(),
    memory_free_bytes: freemem(),
    uptime_s: Math.round(uptime()),
    load: loadavg(),
  };
}

/** Only names that are known: a secret may stand in a name as well. */
function environment({ env }: CliIo): string {
  const ours = new Set([...SETTING_KEYS.map(key => key.env), ...OTHER_VARIABLES]);
  const set = Object.keys(env).filter(name => name.startsWith('CHECKRD_'));
  const known = set.filter(name => ours.has(name)).sort();
  return `${JSON.stringify({ set: known, unknown: set.length - known.length }, null, 2)}\n`;
}

/** What a command answers with `--json`. */
async function answerOf(command: Command, args: readonly string[], io: CliIo): Promise<unknown> {
  const said: string[] = [];
  const quiet: CliIo = {
    ...io,
    out: line => void said.push(line),
    err: () => {},
    write: async text => void said.push(text),
  };
  await command.run(readArgs(args, command), quiet);
  return JSON.parse(said.join('')) as unknown;
}

function records({ audit }: Settings, names: Names): string | null {
  const logs = logHeads(audit.path).filter(({ error }) => error === null);
  if (logs.length === 0) return null;
  const lists = logs.map(({ path }) => ({
    log: names.path(path),
    records: pick(lastLines(path, LINES), RECORDS_SHAPE, names),
  }));
  return `${JSON.stringify(lists, null, 1)}\n`;
}

/** pino-roll puts a date and a number after the name; the newest is the last by name. */
function messages({ log }: Settings, names: Names): string | null {
  if (log.file === null) return null;
  const { file } = log;
  const folder = dirname(file);
  const newest = readdirSync(folder)
    .map(name => join(folder, name))
    .filter(path => path.startsWith(file))
    .sort()
    .at(-1);
  if (newest === undefined) return null;
  return `${JSON.stringify(pick(lastLines(newest, LINES), MESSAGES_SHAPE, names), null, 1)}\n`;
}

const SAMPLE = /^([a-z_]+?)(?:_bucket|_sum|_count)?(\{[^}]*\})? (\+Inf|-Inf|NaN|[0-9.e+-]+)$/;

/** Only what is in the table, so that whoever sits on the socket in its place says nothing here. */
async function metrics({ daemon }: Settings, names: Names): Promise<string | null> {
  const text = await askDaemonText(daemon.socket, '/metrics');
  if (text === null) return null;
  const known = new Set(METRICS.map(({ name }) => name));
  return text
    .split('\n')
    .filter(line => known.has(SAMPLE.exec(line)?.[1] ?? ''))
    .map(line => line.replace(/agent="((?:[^"\\]|\\.)*)"/, (_all, id: string) => `agent="${names.agent(id)}"`))
    .map(line => `${line}\n`)
    .join('');
}

function disk(settings: Settings): string | null {
  const forecast = logForecast(settings, Date.now());
  if (forecast === null) return null;
  return `${JSON.stringify({ ...forecast, daysUntilFull: finite(forecast.daysUntilFull) }, null, 2)}\n`;
}

const finite = (days: number | null): number | 'never' | null => (days === Number.POSITIVE_INFINITY ? 'never' : days);

async function daemonProcess({ daemon }: Settings): Promise<string | null> {
  const text = await askDaemonText(daemon.socket, '/healthz');
  const pid: unknown = text === null ? null : (JSON.parse(text) as Record<string, unknown>).pid;
  if (!Number.isSafeInteger(pid)) return null;
  const said = readFileSync(`/proc/${pid}/status`, 'utf8');
  const number = (key: string): number | null =>
    Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(said)?.[1] ?? Number.NaN);
  const facts = { resident_kib: number('VmRSS'), peak_kib: number('VmHWM'), threads: number('Threads') };
  return `${JSON.stringify({ ...facts, open_fds: descriptors(pid as number) }, null, 2)}\n`;
}

function descriptors(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null;
  }
}

async function policies(
  { policy }: Settings,
  add: (name: string, what: string, make: () => string) => Promise<void>,
): Promise<void> {
  const place = policyPlace(policy);
  for (const [n, path] of documentPaths(place).entries()) {
    const ending = path.endsWith('.json') ? 'json' : 'yaml';
    await add(
      `policy/${String(n).padStart(2, '0')}.${ending}`,
      n === 0 ? 'the policy, as asked' : 'a layer, as asked',
      () => readFileSync(path, 'utf8'),
    );
  }
}
