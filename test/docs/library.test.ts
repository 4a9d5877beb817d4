/** docs/library.md: every sample prints what stands below it; the options are those of the class. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { code, fencedBlocks, tableUnder } from '../support/fenced.js';
import { Home } from '../support/home.js';
import { runSample } from '../support/sample.js';

const PATH = 'docs/library.md';
const blocks = fencedBlocks(PATH);
const policy = blocks.find(b => b.language === 'yaml')?.text ?? '';
const samples = blocks.flatMap((block, i) => (block.language === 'js' ? [{ block, printed: blocks[i + 1] }] : []));

test('there are samples', () => assert.ok(samples.length >= 4));

for (const { block, printed } of samples) {
  test(`${PATH}:${block.line}`, t => {
    const home = new Home({ '.checkrd/policy.yaml': policy });
    t.after(() => home.remove());
    const ran = runSample(block.text, home.dir);
    assert.equal(printed?.language, 'text');
    assert.equal(ran.out, printed?.text, ran.err);
    assert.equal(ran.status, 0);
  });
}

test('the options are those of CheckrdOptions', () => {
  const declared = /interface CheckrdOptions \{(.*?)\n\}/s.exec(readFileSync('src/checkrd.ts', 'utf8'))?.[1] ?? '';
  assert.deepEqual(
    tableUnder(PATH, '## Options').map(row => code(row[0])),
    [...declared.matchAll(/readonly (\w+)\?:/g)].map(m => m[1]),
  );
});
