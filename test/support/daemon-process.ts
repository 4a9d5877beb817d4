/** `checkrd daemon` as a process of its own, in a folder of its own; it ends with the test. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Home } from './home.js';
import { type Answer, ask } from './unix-http.js';
import { until } from './until.js';

export interface DaemonProcess {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly exit: Promise<number | null>;
}

export class DaemonHome extends Home {
  readonly #running: DaemonProcess[] = [];

  constructor(t: TestContext, files: Readonly<Record<string, string>>) {
    super(files);
    t.after(async () => {
      for (const { child, exit } of this.#running) {
        child.kill('SIGKILL');
        await exit;
      }
      this.remove();
    });
  }

  spawn(): DaemonProcess {
    const child = spawn(process.execPath, ['dist/cli/main.js', 'daemon', '--config', this.path('checkrd.yaml')], {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { PATH: process.env.PATH },
    });
    let text = '';
    child.stderr?.on('data', part => {
      text += part;
    });
    const exit = once(child, 'close').then(([code]) => code as number | null);
    const running = { child, said: () => text, exit };
    this.#running.push(running);
    return running;
  }

  async start(): Promise<DaemonProcess> {
    const daemon = this.spawn();
    await until('the daemon', () => daemon.said().includes('"msg":"ready"') || daemon.child.exitCode !== null);
    assert.equal(daemon.child.exitCode, null, daemon.said());
    return daemon;
  }

  /** Asks an agent's socket; `main`: the daemon's own. */
  ask(agent: string, path: string, body: unknown = null): Promise<Answer> {
    const socket = agent === 'main' ? 'checkrd.sock' : join('agent', `${agent}.sock`);
    return ask(this.path(socket), path, body === null || typeof body === 'string' ? body : JSON.stringify(body));
  }

  decide(agent: string, url = 'https://api.test/x', more: object = {}): Promise<Answer> {
    return this.ask(agent, '/v1/decide', { request: { method: 'GET', url }, ...more });
  }
}
