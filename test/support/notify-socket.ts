/**
 * What systemd hears: a Unix datagram socket, which Node cannot make.
 *
 * `systemd-socket-activate` makes one and hands it to `cat`; reading drops the descriptors that come with a barrier, which
 * is what the sender waits for.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { until } from './until.js';

const TOOL = 'systemd-socket-activate';

/** False, or why it cannot be had here. */
export const noNotifySocket: string | false = [TOOL, 'systemd-notify'].every(
  program => spawnSync(program, ['--version']).error === undefined,
)
  ? false
  : `no ${TOOL} or systemd-notify on this machine`;

/** Says a word there, behind all that was said before, and waits until it is heard. */
export async function markNotified(path: string, heard: () => string, word: string): Promise<void> {
  const env = { PATH: process.env.PATH, NOTIFY_SOCKET: path };
  spawnSync('systemd-notify', [`STATUS=${word}`], { env });
  await until(word, () => heard().includes(word));
}

/** Listens at `path`; the answer tells everything heard so far, datagrams joined. */
export async function notifySocket(t: TestContext, path: string): Promise<() => string> {
  const ear: ChildProcess = spawn(TOOL, ['--datagram', '-l', path, 'sh', '-c', 'exec cat <&3'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let heard = '';
  ear.stdout?.setEncoding('utf8').on('data', (part: string) => {
    heard += part;
  });
  const end = once(ear, 'close');
  t.after(async () => {
    ear.kill('SIGKILL');
    await end;
  });
  await until('the notify socket', () => existsSync(path));
  return () => heard;
}
