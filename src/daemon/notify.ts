/**
 * Tells systemd how we are (sd_notify(3)); silent where nobody listens.
 * The unit needs NotifyAccess=all: each word comes from a child process. They go one by one, so that none overtakes another.
 */
import { spawn } from 'node:child_process';
import notify from 'systemd-notify';

export interface Notifier {
  /** Within how many milliseconds systemd wants to hear `alive`; null: it does not wait for it. */
  readonly watchdogMs: number | null;
  ready(status: string): Promise<void>;
  /** None of the others is waited for: neither a call nor a stop must hang on it. */
  alive(status: string): void;
  /** `reloaded` follows. */
  reloading(): void;
  reloaded(status: string): void;
  stopping(): void;
}

type Env = Readonly<Record<string, string | undefined>>;

/** systemd-notify waits for systemd to have read it, which a machine without breath may take long for. */
const CHILD_MAX_MS = 5_000;
const NOBODY: Notifier = {
  watchdogMs: null,
  ready: async () => {},
  alive: () => {},
  reloading: () => {},
  reloaded: () => {},
  stopping: () => {},
};

/** @param failed Told when systemd could not be reached: the service would then time out in `activating`. */
export function notifier(env: Env, failed: (error: unknown) => void): Notifier {
  if ((env.NOTIFY_SOCKET ?? '') === '') return NOBODY;
  let last: Promise<void> = Promise.resolve();
  const say = (...words: string[]): void => {
    last = last.then(() => said(words)).catch(failed);
  };
  return {
    watchdogMs: watchdogMsOf(env),
    ready: async status => {
      try {
        await notify({ ready: true, status });
      } catch (error) {
        failed(error);
      }
    },
    alive: status => say('WATCHDOG=1', `STATUS=${status}`),
    // With its time on the monotonic clock, which `Type=notify-reload` asks for.
    reloading: () => say('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    reloaded: status => say('READY=1', `STATUS=${status}`),
    stopping: () => say('STOPPING=1', 'STATUS=stopping'),
  };
}

/** As sd_watchdog_enabled(3): WATCHDOG_PID says for whom it is meant. */
function watchdogMsOf({ WATCHDOG_USEC: usec = '', WATCHDOG_PID: pid = '' }: Env): number | null {
  if (!/^[1-9]\d{0,14}$/.test(usec)) return null;
  return pid === '' || pid === String(process.pid) ? Number(usec) / 1000 : null;
}

function said(words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('systemd-notify', words, { stdio: 'ignore', timeout: CHILD_MAX_MS });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`systemd-notify ended with ${code ?? signal}`)),
    );
    child.unref();
  });
}
