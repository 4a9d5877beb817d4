import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Held } from './leak-child.js';

const CHILD = fileURLToPath(new URL('./leak-child.js', import.meta.url));
/** Code that was compiled meanwhile, and what the collector leaves for later; an engine alone is twice that. */
const SLACK_BYTES = 2 * 1024 * 1024;
/** An engine reserves more than this. */
const SLACK_VIRTUAL_BYTES = 4 * 1024 ** 3;

/** Fails when `count` reloads leave anything behind that a tenth of them did not. */
export function leavesNothing(t: TestContext, way: 'moved' | 'files', count: number): void {
  const done = spawnSync(process.execPath, ['--expose-gc', CHILD, way, String(count)], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  const [early, late] = JSON.parse(done.stdout) as [Held, Held];
  t.diagnostic(`${count} reloads, ${way}: ${JSON.stringify(early)} then ${JSON.stringify(late)}`);
  assert.equal(late.descriptors, early.descriptors, 'descriptors');
  assert.equal(late.watches, early.watches, 'watches');
  assert.ok(late.bytes - early.bytes < SLACK_BYTES, `${late.bytes - early.bytes} bytes more`);
  assert.ok(late.virtualBytes - early.virtualBytes < SLACK_VIRTUAL_BYTES, 'address space of engines');
  // The one in force, and none that was replaced.
  if (way === 'moved') assert.equal(late.engines, 1);
}
