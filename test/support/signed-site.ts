/** A configuration folder whose policies must be signed, and what comes of opening it: a fresh start each time. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { openPolicy } from '#src/agent/open-policy.js';
import type { WatchedPolicySource } from '#src/agent/policy-ports.js';
import type { AgentRecord } from '#src/core/audit/fields.js';
import { resolveSettings } from '#src/core/config/resolve.js';
import type { Settings } from '#src/core/config/settings.js';
import { POLICY_PAYLOAD_TYPE } from '#src/core/trust/policy-payload.js';
import { engineModule } from './engine.js';
import { envelopeBy, type TestKey, testKey } from './signing-keys.js';
import { tempFolder } from './temp.js';

export const ann = testKey(1);
export const bob = testKey(2);
export const eve = testKey(3);

const DAY_MS = 86_400_000;
export const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();

/** A policy that allows `hosts`. */
export function policyText(version: number | null, hosts: readonly string[] = ['a.example'], more = ''): string {
  const rules = hosts.map(host => `  - { name: ${host}, allow: { url: "https://${host}/**" } }`);
  return `default: deny\n${version === null ? '' : `version: ${version}\n`}${more}rules:\n${rules.join('\n')}\n`;
}

/** What is signed of `text`; `change` puts other members in. */
export function statement(text: string, change: Readonly<Record<string, unknown>> = {}): string {
  const version = Number(/^version: (\d+)$/m.exec(text)?.[1] ?? 0);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return JSON.stringify({ file: 'policy.yaml', sha256, version, issued: inDays(-1), expires: inDays(30), ...change });
}

export const envelope = (
  text: string,
  keys: readonly TestKey[] = [ann],
  change: Readonly<Record<string, unknown>> = {},
): string => envelopeBy(keys, POLICY_PAYLOAD_TYPE, statement(text, change));

export interface Opened {
  readonly source: WatchedPolicySource;
  readonly records: AgentRecord[];
  /** `version state code`: of the policy in force (`none`), of health, of what is wrong (`-`). */
  said(): string;
  close(): Promise<void>;
}

export class SignedSite {
  readonly folder: string;

  constructor(
    private readonly t: TestContext,
    private readonly settingsText = 'require_signature: true\n',
  ) {
    this.folder = tempFolder(t);
    this.write('trust/ann.pub', ann.pub);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true, mode: 0o755 });
    writeFileSync(this.path(name), text, { mode: 0o644 });
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true });
  }

  /** A policy and its envelope, by default signed by Ann. */
  put(text: string, signed: string | null = envelope(text)): void {
    this.write('policy.yaml', text);
    if (signed === null) rmSync(this.path('policy.yaml.dsse'), { force: true });
    else this.write('policy.yaml.dsse', signed);
  }

  settings(): Settings {
    const { folder } = this;
    const file = { path: join(folder, 'checkrd.yaml'), text: this.settingsText };
    const got = resolveSettings({
      face: 'operator',
      options: {},
      env: {},
      file,
      configDir: folder,
      home: folder,
      cwd: folder,
    });
    if (!got.ok) throw new Error(JSON.stringify(got.issues));
    return got.settings;
  }

  /** @param hadLog  Whether there was a log, as there is after any run. */
  open(watch = false, hadLog = false): Opened {
    const records: AgentRecord[] = [];
    const settings = { ...this.settings(), policyWatch: watch };
    const source = openPolicy(
      settings,
      null,
      { current: engineModule() },
      record => void records.push(record),
      null,
      !hadLog,
    );
    const close = () => source.close();
    this.t.after(close);
    const said = () => {
      const health = source.health();
      return `${source.current?.documents[0]?.version ?? 'none'} ${health.state} ${health.issue?.code ?? '-'}`;
    };
    return { source, records, said, close };
  }

  /** One start: what is in force then. */
  async start(hadLog = false): Promise<string> {
    const opened = this.open(false, hadLog);
    await opened.close();
    const rejected = opened.records.find(record => record.type === 'policy_rejected');
    const code = rejected?.type === 'policy_rejected' ? rejected.error : '-';
    const said = opened.said();
    // Health and the log tell the same.
    if (!said.endsWith(` ${code}`)) throw new Error(`health says ${said}, the log ${code}`);
    return said;
  }
}
