import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `holds`, looking often; fails with `what` after a time no healthy machine needs. */
export async function until(what: string, holds: () => boolean, limitMs = 60_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > end) assert.fail(`never came true: ${what}`);
    await sleep(5);
  }
}

/** Lets `ms` pass while checking that `holds` all along. */
export async function stays(what: string, holds: () => boolean, ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    if (!holds()) assert.fail(`did not last: ${what}`);
    await sleep(5);
  }
}
