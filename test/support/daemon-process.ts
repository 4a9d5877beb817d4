/** The real daemon, as a process of its own; it ends with the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { until } from './until.js';

/** A machine that does much else takes long to start a program. */
const START_MAX_MS = 120_000;

export interface DaemonProcess {
  readonly pid: number;
  /** What it said on standard error. */
  readonly said: () => string;
  readonly exit: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

export interface DaemonSurroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** User and group it runs as; only root may say this. */
  readonly uid?: number;
  readonly gid?: number;
}

/** Starts it on `<folder>/checkrd.yaml`. */
export function spawnDaemon(t: TestContext, folder: string, around: DaemonSurroundings = {}): DaemonProcess {
  const { env = {}, ...user } = around;
  const child: ChildProcess = spawn(
    process.execPath,
    ['dist/cli/main.js', 'daemon', '--config', join(folder, 'checkrd.yaml')],
    { stdio: ['ignore', 'inherit', 'pipe'], env: { PATH: process.env.PATH, ...env }, ...user },
  );
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  t.after(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  return { pid: child.pid as number, said: () => text, exit, kill: signal => void child.kill(signal) };
}

export async function daemonReady(daemon: DaemonProcess): Promise<void> {
  let ended = false;
  void daemon.exit.then(() => {
    ended = true;
  });
  await until('the daemon', () => ended || daemon.said().includes('"msg":"ready"'), START_MAX_MS);
  if (ended) throw new Error(`the daemon ended:\n${daemon.said()}`);
}
