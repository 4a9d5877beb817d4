/** A daemon as a process of its own, in a folder of its own; both end with the test. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type DaemonProcess, daemonReady, spawnDaemon } from './daemon-process.js';
import { Home } from './home.js';
import { type Answer, ask } from './unix-http.js';

export class DaemonHome extends Home {
  readonly #test: TestContext;

  constructor(t: TestContext, files: Readonly<Record<string, string>>) {
    super(files);
    this.#test = t;
    // Hooks run in order: the daemons', given later, must not come after the folder's.
    t.after(async () => {
      for (const daemon of this.#running) {
        daemon.kill('SIGKILL');
        await daemon.exit;
      }
      this.remove();
    });
  }
  readonly #running: DaemonProcess[] = [];

  spawn(): DaemonProcess {
    const daemon = spawnDaemon(this.#test, this.dir);
    this.#running.push(daemon);
    return daemon;
  }

  async start(): Promise<DaemonProcess> {
    const daemon = this.spawn();
    await daemonReady(daemon);
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
