/** docs/testing.md: every sample prints what stands below it; the options are those of `mockWrap`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fencedBlocks, tableUnder } from '../support/fenced.js';
import { Home } from '../support/home.js';
import { runSample } from '../support/sample.js';

const PATH = 'docs/testing.md';
const blocks = fencedBlocks(PATH);
for (const [i, block] of blocks.entries()) {
  if (block.language !== 'js') continue;
  test(`${PATH}:${block.line}`, t => {
    const home = new Home();
    t.after(() => home.remove());
    const ran = runSample(block.text, home.dir);
    assert.deepEqual([blocks[i + 1]?.language, blocks[i + 1]?.text, ran.status], ['text', ran.out, 0], ran.err);
  });
}

test('the options are those of MockOptions', () => {
  const declared = /interface MockOptions \{(.*?)\n\}/s.exec(readFileSync('src/testing.ts', 'utf8'))?.[1] ?? '';
  const rows = tableUnder(PATH, '# Testing a program that is guarded');
  assert.deepEqual(
    rows.flatMap(row => [...(row[0] ?? '').matchAll(/`(\w+)`/g)].map(m => m[1])).sort(),
    [...declared.matchAll(/readonly (\w+)\?:/g)].map(m => m[1]).sort(),
  );
});
