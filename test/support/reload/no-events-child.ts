/** A process that may open no inotify instance: a policy renamed over another, and what health says of the watch. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SYSTEM_TIMERS } from '#src/disk/timers.js';
import { Box, text } from './box.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-no-events-'));
try {
  const box = new Box(folder);
  box.write(text('a'));
  box.open({ watch: true, timers: SYSTEM_TIMERS });
  await sleep(50);
  box.rename(text('b'));
  for (let waits = 0; box.rules() !== 'b' && waits < 2_000; waits++) await sleep(10);
  console.log(JSON.stringify({ pollOnly: box.source.health().pollOnly, said: box.said() }));
  await box.source.close();
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}
