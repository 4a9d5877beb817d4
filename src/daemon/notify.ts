/**
 * Tells systemd how we are (sd_notify(3)); silent where nobody listens.
 * The unit needs NotifyAccess=all: the word comes from a child process.
 */
import { spawn } from 'node:child_process';
import notify from 'systemd-notify';

export interface Notifier {
  ready(status: string): Promise<void>;
  /** Not waited for: a stop must not hang on it. */
  stopping(): void;
}

/** @param failed Told when systemd could not be reached: the service would then time out in `activating`. */
export function notifier(
  env: Readonly<Record<string, string | undefined>>,
  failed: (error: unknown) => void,
): Notifier {
  if ((env.NOTIFY_SOCKET ?? '') === '') return { ready: async () => {}, stopping: () => {} };
  return {
    ready: async status => {
      try {
        await notify({ ready: true, status });
      } catch (error) {
        failed(error);
      }
    },
    stopping: () => {
      const child = spawn('systemd-notify', [`--pid=${process.pid}`, 'STOPPING=1'], { stdio: 'ignore' });
      child.once('error', failed);
      child.unref();
    },
  };
}
