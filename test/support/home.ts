import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A configuration folder of its own, as CHECKRD_CONFIG_DIR names one. */
export class Home {
  readonly dir: string;
  constructor(files: Readonly<Record<string, string>> = {}) {
    this.dir = mkdtempSync(join(tmpdir(), 'checkrd-test-'));
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }
  path(...parts: string[]): string {
    return join(this.dir, ...parts);
  }
  write(name: string, text: string | Uint8Array): void {
    mkdirSync(join(this.dir, name, '..'), { recursive: true });
    writeFileSync(join(this.dir, name), text);
  }
  /** As an editor saves: a new file renamed over the old one. */
  replace(name: string, text: string): void {
    this.write(`${name}.new`, text);
    renameSync(this.path(`${name}.new`), this.path(name));
  }
  /** The records of an agent's log; what another process is still writing at its end is none yet. */
  records(agentId: string): Record<string, unknown>[] {
    return readFileSync(this.path('audit', `${agentId}.jsonl`), 'utf8')
      .split('\n')
      .slice(0, -1)
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Record<string, unknown>);
  }
  remove(): void {
    // Under another name nobody can put a file into it while it is emptied (a state file that is no longer wanted).
    const gone = `${this.dir}.gone`;
    renameSync(this.dir, gone);
    rmSync(gone, { recursive: true, force: true, maxRetries: 10 });
  }
}
