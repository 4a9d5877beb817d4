/** docs/instrument.md: its samples print what stands below them, and it names every function of the module. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as library from 'checkrd';
import { fencedBlocks } from '../support/fenced.js';
import { Home } from '../support/home.js';
import { runSample } from '../support/sample.js';

const PATH = 'docs/instrument.md';
const blocks = fencedBlocks(PATH);
const policy = blocks.find(block => block.language === 'yaml')?.text ?? '';

for (const [i, block] of blocks.entries()) {
  if (block.language !== 'js') continue;
  test(`${PATH}:${block.line}`, t => {
    const home = new Home({ '.checkrd/policy.yaml': policy });
    t.after(() => home.remove());
    const ran = runSample(block.text, home.dir);
    assert.deepEqual([blocks[i + 1]?.language, blocks[i + 1]?.text, ran.status], ['text', ran.out, 0], ran.err);
  });
}

test('it names every function of the module, and the class has the same', () => {
  const text = readFileSync(PATH, 'utf8');
  const own = Object.keys(library).filter(name =>
    /^(init|wrap|wrapAsync|run|healthy|shutdown|(un)?instrument\w*)$/.test(name),
  );
  assert.ok(own.length > 15);
  for (const name of own.filter(one => !/^uninstrument./.test(one))) assert.ok(text.includes(`\`${name}`), name);
  for (const name of own.filter(one => /^instrument/.test(one))) {
    assert.ok(name in library.Checkrd.prototype, name);
    assert.ok(`un${name}` in library, `un${name}`);
  }
});
