/** A daemon in this process, around an agent that the test steers, in a folder of its own. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { resolveSettings } from '#src/core/config/resolve.js';
import type { Settings } from '#src/core/config/settings.js';
import { type DaemonParts, type RunningDaemon, startDaemon } from '#src/daemon/daemon.js';
import type { Notifier } from '#src/daemon/notify.js';
import { DaemonTestAgent } from './daemon-agent.js';
import { tempFolder } from './temp.js';

export function daemonSettings(folder: string, more = ''): Settings {
  const text = `daemon:\n  agents: [{ id: crm }, { id: billing }]\n  drain_timeout: 1\n${more}`;
  const got = resolveSettings({
    face: 'daemon',
    options: {},
    env: {},
    file: { path: join(folder, 'checkrd.yaml'), text },
    configDir: folder,
    home: folder,
    cwd: folder,
  });
  if (!got.ok) throw new Error(JSON.stringify(got.issues));
  return got.settings;
}

/** Keeps what systemd would be told. */
export function notifierInto(acts: string[], watchdogMs: number | null = null): Notifier {
  return {
    watchdogMs,
    ready: async status => void acts.push(`ready ${status}`),
    alive: status => void acts.push(`alive ${status}`),
    reloading: () => void acts.push('reloading'),
    reloaded: status => void acts.push(`reloaded ${status}`),
    stopping: () => void acts.push('stopping'),
  };
}

export interface TestDaemon {
  readonly agent: DaemonTestAgent;
  readonly daemon: RunningDaemon;
  readonly folder: string;
  readonly main: string;
  readonly crm: string;
  readonly billing: string;
  readonly said: string[];
}

export async function testDaemon(
  t: TestContext,
  parts: Partial<DaemonParts> = {},
  folder = tempFolder(t),
): Promise<TestDaemon> {
  const agent = new DaemonTestAgent();
  const said: string[] = [];
  const say = (fields: object | string, message?: string) => void said.push(message ?? String(fields));
  const daemon = await startDaemon({
    settings: daemonSettings(folder),
    version: '0.0.0',
    logger: { debug: say, info: say, warn: say, error: say },
    events: { say: ({ message: text }) => void said.push(text) },
    notifier: notifierInto(agent.acts),
    openAgent: async () => agent,
    ...parts,
  });
  t.after(() => daemon.stop());
  const socket = (name: string) => join(folder, name);
  return {
    agent,
    daemon,
    folder,
    said,
    main: socket('checkrd.sock'),
    crm: socket('agent/crm.sock'),
    billing: socket('agent/billing.sock'),
  };
}
