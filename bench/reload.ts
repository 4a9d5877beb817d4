/**
 * From a change of the policy file to decisions by it, beside what a poll every five seconds would have taken.
 *
 * Time zero is the clock of another process right after its system call.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Checkrd } from '#src/index.js';
import { policyText } from './folder.js';
import { distribution, print } from './measure.js';
import { type OtherProcess, startOtherProcess } from './other-process.js';

const POLL_MS = 5_000;

export async function benchReload(trials = 300): Promise<void> {
  const other = await startOtherProcess();
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-'));
  try {
    const renamed = await renames(join(folder, 'renamed'), other, trials);
    const mapped = await configMaps(join(folder, 'mapped'), other, trials);
    const written = await writes(join(folder, 'written'), other, Math.ceil(trials / 20));
    print('policy reload, from the change of the file to decisions by it', [
      `renamed over it    ${renamed.taken.length} trials: ${distribution(renamed.taken)} (expected p99 ≤ 100 ms)`,
      `ConfigMap swap     ${mapped.length} trials: ${distribution(mapped)} (expected p99 ≤ 100 ms)`,
      `written in place   ${written.length} trials: ${distribution(written)} (it must stand still for 1,000 ms)`,
      `a poll every 5 s   the same renames, ${renamed.polled.length} that it saw: ${distribution(renamed.polled)}`,
    ]);
  } finally {
    other.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function renames(folder: string, other: OtherProcess, trials: number) {
  mkdirSync(folder);
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, policyText(0));
  const poll = startPoll(policy);
  const taken = await trialsOf(folder, trials, async i => {
    writeFileSync(`${policy}.new`, policyText(i));
    const at = await other.rename(`${policy}.new`, policy, i % 13);
    poll.changed(at);
    return at;
  });
  return { taken, polled: await poll.end() };
}

async function configMaps(folder: string, other: OtherProcess, trials: number): Promise<number[]> {
  mkdirSync(folder);
  const fill = (i: number) => {
    mkdirSync(join(folder, `..${i}`));
    writeFileSync(join(folder, `..${i}`, 'policy.yaml'), policyText(i));
  };
  fill(0);
  symlinkSync('..0', join(folder, '..data'));
  symlinkSync('..data/policy.yaml', join(folder, 'policy.yaml'));
  return trialsOf(folder, trials, i => {
    fill(i);
    symlinkSync(`..${i}`, join(folder, '..data_tmp'));
    return other.rename(join(folder, '..data_tmp'), join(folder, '..data'), i % 13);
  });
}

async function writes(folder: string, other: OtherProcess, trials: number): Promise<number[]> {
  mkdirSync(folder);
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, policyText(0));
  return trialsOf(folder, trials, i => other.write(policy, policyText(i), i % 13));
}

/** Milliseconds from each change to a decision path that uses it; `change` answers with when it was made. */
async function trialsOf(folder: string, trials: number, change: (i: number) => Promise<bigint>): Promise<number[]> {
  const checkrd = new Checkrd({ agentId: 'bench', configDir: folder });
  const taken: number[] = [];
  try {
    for (let i = 1; i <= trials; i++) {
      const before = checkrd.healthy().policySha256;
      const changed = change(i);
      while (checkrd.healthy().policySha256 === before) await wait(1);
      const end = process.hrtime.bigint();
      taken.push(Number(end - (await changed)) / 1e6);
    }
  } finally {
    await checkrd.close();
  }
  return taken;
}

/** What most programs do that reload at all. */
function startPoll(path: string) {
  const taken: number[] = [];
  let waiting: bigint[] = [];
  let seen = statSync(path).ino;
  const look = () => {
    const now = process.hrtime.bigint();
    const { ino } = statSync(path);
    if (ino === seen) return;
    seen = ino;
    for (const at of waiting) taken.push(Number(now - at) / 1e6);
    waiting = [];
  };
  const timer = setInterval(look, POLL_MS);
  return {
    changed: (at: bigint) => void waiting.push(at),
    async end() {
      await wait(POLL_MS);
      clearInterval(timer);
      return taken;
    },
  };
}
