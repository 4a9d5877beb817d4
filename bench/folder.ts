/** A folder for one measurement, and an agent at home in it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Checkrd } from '#src/index.js';

export interface Home {
  readonly folder: string;
  readonly policy: string;
  readonly killswitch: string;
  readonly log: string;
  readonly checkrd: Checkrd;
}

/** Rules as a small program has them: the call that is made, and some that are not. */
export const policyText = (version: number): string => `# ${version}
default: deny
rules:
  - name: upstream
    allow: { method: [GET, POST], url: "http://127.0.0.1:*/**" }
  - name: models
    allow: { method: POST, url: "https://api.example.com/v1/chat/completions" }
  - name: no-deletes
    deny: { method: DELETE, url: "*" }
`;

/** Opens an agent with a real policy file, log and switch; everything is gone when `work` ends. */
export async function atHome<T>(work: (home: Home) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-'));
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, policyText(0));
  const checkrd = new Checkrd({ agentId: 'bench', configDir: folder });
  const log = join(folder, 'audit', 'bench.jsonl');
  try {
    return await work({ folder, policy, killswitch: join(folder, 'killswitch'), log, checkrd });
  } finally {
    await checkrd.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
