/** What a soak asks of the process and of its words. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { growth, type Sample } from './process-samples.js';
import type { Soaked } from './soak.js';

/**
 * A rotation holds the old file, the new one, the folder and the keys for a moment; a checkpoint, the state and the file
 * that it syncs.
 */
const FILES_OF_A_MOMENT = 8;
/** What a closed connection of an onlooker may leave for a moment. */
const SOCKETS_OF_A_MOMENT = 8;

/**
 * @param rssGrowthMib Bound for the growth of resident memory over the last two thirds, by least squares; null where the
 * run is too short to tell it from a heap that is finding its size.
 */
export function isFlat(
  t: TestContext,
  samples: readonly Sample[],
  rssMaxMib: number,
  rssGrowthMib: number | null,
): void {
  const late = samples.slice(Math.floor(samples.length / 3));
  const range = (of: (sample: Sample) => number): number => Math.max(...late.map(of)) - Math.min(...late.map(of));
  const rss = Math.max(...samples.map(s => s.rssMib));
  const grown = growth(late, s => s.rssMib);
  const [first, last] = [samples[0], samples.at(-1)];
  t.diagnostic(`memory: at most ${rss.toFixed(0)} MiB, over the last two thirds ${grown.toFixed(1)} MiB more`);
  t.diagnostic(JSON.stringify({ first, last, files: range(s => s.files), sockets: range(s => s.sockets) }));
  assert.ok(rss <= rssMaxMib, `${rss} MiB`);
  if (rssGrowthMib !== null) assert.ok(grown <= rssGrowthMib, `grew by ${grown} MiB`);
  assert.equal(
    range(s => s.threads),
    0,
  );
  assert.ok(range(s => s.files) <= FILES_OF_A_MOMENT, JSON.stringify(late));
  assert.ok(growth(late, s => s.files) < 2, 'files that stay open');
  assert.ok(growth(late, s => s.sockets) < SOCKETS_OF_A_MOMENT, 'sockets that stay open');
}

/** Events that the soak itself brings about, and what a stop says of calls whose end nobody told. */
const EXPECTED = ['kill_engaged', 'kill_released', 'policy_rejected'];
const LEFT_OPEN = 'calls without an outcome are recorded as aborted';
const WARNING = 40;

/** Every word on standard error is a line of the operational log, and none tells of anything but what was done. */
export function saidNothingElse(said: Soaked['said']): void {
  for (const line of said.trimEnd().split('\n')) {
    const { level, event, msg } = JSON.parse(line) as { level: number; event?: string; msg: string };
    const known = msg === LEFT_OPEN || (event !== undefined && EXPECTED.includes(event));
    assert.ok(level < WARNING || known, line);
  }
}
