/** From the rename of an edited policy over the old one to decisions by it. */
import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { atHome, policyText } from './folder.js';
import { distribution, print } from './measure.js';
import { startOtherProcess } from './other-process.js';

export async function benchReload(trials = 100): Promise<void> {
  const other = await startOtherProcess();
  try {
    const taken = await atHome(async ({ checkrd, policy }) => {
      const taken: number[] = [];
      for (let i = 1; i <= trials; i++) {
        const before = checkrd.healthy().policySha256;
        writeFileSync(`${policy}.new`, policyText(i));
        const renamed = other.rename(`${policy}.new`, policy, i % 13);
        while (checkrd.healthy().policySha256 === before) await wait(1);
        const end = process.hrtime.bigint();
        taken.push(Number(end - (await renamed)) / 1e6);
      }
      return taken;
    });
    print(`policy reload, rename to in force, ${trials} trials`, [`${distribution(taken)} (expected p99 ≤ 1,000 ms)`]);
  } finally {
    other.close();
  }
}
