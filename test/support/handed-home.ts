/** A daemon's folder, and in it the folder of a program that uses the library and hands its records to that daemon. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { cli } from './cli.js';
import { DaemonHome } from './daemon-home.js';
import { type Line, readWhole } from './read-log.js';

const ALLOW = 'default: allow\nrules: []\n';

export interface Program {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly exit: Promise<number | null>;
}

export class HandedHome extends DaemonHome {
  readonly #t: TestContext;

  constructor(t: TestContext, audit = '') {
    super(t, {
      'policy.yaml': ALLOW,
      'checkrd.yaml': `daemon: { agents: [{ id: crm }, { id: billing }], drain_timeout: 1 }\n${audit}`,
      'library/policy.yaml': ALLOW,
      'library/checkrd.yaml': 'audit: { url_path: raw }\n',
    });
    this.#t = t;
  }

  get socket(): string {
    return this.path('agent/crm.sock');
  }

  get library(): string {
    return this.path('library');
  }

  options(more: object = {}): object {
    return { agentId: 'crm', configDir: this.library, daemonRecords: this.socket, ...more };
  }

  /** A program of test/integration/programs, set up by its environment; it ends with the test. */
  run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const child = spawn(process.execPath, [`build/test/integration/programs/${program}.js`, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        CHECKRD_AGENT_ID: 'crm',
        CHECKRD_CONFIG_DIR: this.library,
        CHECKRD_DAEMON_RECORDS: this.socket,
        ...env,
      },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (part: string) => {
        said += part;
      });
    }
    const exit = once(child, 'close').then(([code]) => code as number | null);
    this.#t.after(async () => {
      child.kill('SIGKILL');
      await exit;
    });
    return { child, said: () => said, exit };
  }

  /** The daemon's log, every statement of which holds. */
  daemonLog(): Line[] {
    return readWhole(this.path('audit/daemon.jsonl'));
  }

  get localPath(): string {
    return this.path('library/audit/crm.jsonl');
  }

  /** The library's own log; none where it has written none. */
  localLog(): Line[] {
    return existsSync(this.localPath) ? readWhole(this.localPath) : [];
  }

  /** Every log in its folder. */
  localLogs(): Line[][] {
    const folder = this.path('library/audit');
    const names = readdirSync(folder).filter(name => name.endsWith('.jsonl'));
    return names.map(name => readWhole(join(folder, name)));
  }

  async verified(path: string, keys: string): Promise<string> {
    const ran = await cli(['verify', path, '--key', keys]);
    return ran.code === 0 ? 'intact' : ran.out + ran.err;
  }
}
