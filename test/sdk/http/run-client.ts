/**
 * One client, bare and guarded, against one site.
 *
 *   in   : which package, how it is driven, how it is guarded
 *   out  : what it said, what the servers saw, what the log has
 *   never: guards anything in this process
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { Home } from '../../support/home.js';
import { registerFlags } from '../../support/ways-out.js';
import { plain, type Seen, type Site } from './site.js';

const FOLDER = join('test', 'sdk', 'http');
export const AGENT = 'library';

export type How = 'bare' | 'register' | 'wrap';

export interface Denial {
  readonly code?: string | null;
  /** The error is the denial itself; it is its `cause`; or there is only what it says. */
  readonly how?: 'direct' | 'cause' | 'words';
  readonly message?: string;
  /** There was no error: the status, or that there was an answer. */
  readonly went?: unknown;
}

export interface Ran<Said> {
  readonly origin: string;
  readonly said: Said;
  readonly seen: readonly Seen[];
  readonly connections: number;
  readonly forbidden: { readonly seen: readonly Seen[]; readonly connections: number };
  records(type: string): readonly Record<string, unknown>[];
  /** The outcome of the call to a path. */
  outcomeOf(path: string): readonly unknown[];
  codesOf(path: string): readonly unknown[];
}

const run = promisify(execFile);
const EXPERIMENTAL = [
  '--experimental-eventsource',
  ...(process.versions.node.startsWith('20.') ? ['--experimental-websocket'] : []),
];

/** @param program In this folder. */
export async function runClient<Said>(
  t: TestContext,
  program: string,
  plan: Readonly<Record<string, unknown>>,
  how: How,
  open: () => Promise<Site> = plain,
): Promise<Ran<Said>> {
  const [site, forbidden] = [await open(), await open()];
  const home = new Home({
    'policy.yaml': policyFor(site),
    'checkrd.yaml': 'require_separation: false\naudit: { url_path: raw }\n',
  });
  t.after(() => {
    site.close();
    forbidden.close();
    home.remove();
  });
  const told = { ...plan, how, origin: site.origin, forbidden: forbidden.origin, killswitch: home.path('killswitch') };
  const flags = [...(how === 'register' ? registerFlags() : []), ...EXPERIMENTAL];
  const { stdout, stderr } = await run(process.execPath, [...flags, join(FOLDER, program), JSON.stringify(told)], {
    env: {
      ...process.env,
      CHECKRD_CONFIG_DIR: home.dir,
      CHECKRD_AGENT_ID: AGENT,
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      NODE_NO_WARNINGS: '1',
    },
    timeout: 300_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (stdout === '') throw new Error(`it said nothing: ${stderr}`);
  const all = how === 'bare' ? [] : home.records(AGENT);
  const decisions = all.filter(({ type }) => type === 'decision');
  const records = (type: string) => all.filter(record => record.type === type);
  const to = (path: string) => decisions.filter(({ url_path }) => url_path === path);
  return {
    origin: site.origin,
    said: JSON.parse(stdout) as Said,
    ...site.take(),
    forbidden: forbidden.take(),
    records,
    codesOf: path => to(path).map(({ code }) => code),
    outcomeOf: path => {
      const ids = new Set(to(path).map(({ request_id }) => request_id));
      return records('outcome')
        .filter(({ request_id }) => ids.has(request_id))
        .map(({ result }) => result);
    },
  };
}

/** All that is asked of the site passes, but for one model; nothing of the other. */
function policyFor(site: Site): string {
  return `default: deny
rules:
  - name: site
    allow: { url: "127.0.0.1:${site.port}/**" }
  - name: connection
    allow: { method: CONNECT, url: "tcp://127.0.0.1:${site.port}/" }
  - name: nobody
    allow: { url: "127.0.0.1:1/**" }
  - name: connection-to-nobody
    allow: { method: CONNECT, url: "tcp://127.0.0.1:1/" }
  - name: one-model
    deny: { method: POST, url: "127.0.0.1:${site.port}/model", body: { jsonpath: "$.model", exact: big } }
    hint: ask for small
`;
}
