/** docs/break-glass.md: its commands are run from top to bottom in one home and print what stands below them. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { SETTING_KEYS } from '#src/core/config/keys.js';
import { cli } from '../support/cli.js';
import { fencedBlocks } from '../support/fenced.js';
import { ANN } from '../support/glass.js';
import { Home } from '../support/home.js';

const PATH = 'docs/break-glass.md';

test('the page, from top to bottom', async t => {
  const home = new Home({ '.checkrd/trust/operator.pub': ANN.pub, 'operator.key': ANN.secret });
  t.after(() => home.remove());
  chmodSync(home.path('operator.key'), 0o600);
  mkdirSync(home.path('.checkrd', 'state'));
  const blocks = fencedBlocks(PATH);
  let ran = 0;
  for (const [i, block] of blocks.entries()) {
    if (block.language !== 'sh') continue;
    const [program, ...args] = [...block.text.trim().matchAll(/"([^"]*)"|(\S+)/g)].map(m => m[1] ?? m[2] ?? '');
    assert.equal(program, 'checkrd');
    const given = args.map(arg => arg.replace(/^~/, home.dir));
    const got = await cli(given, { env: { CHECKRD_CONFIG_DIR: home.path('.checkrd') }, cwd: home.dir });
    const shown = (got.out + got.err).replaceAll(home.dir, '~').replace(/\d{4}-\S+Z/g, 'TIME');
    assert.equal(shown, blocks[i + 1]?.text, `${PATH}:${block.line}`);
    ran++;
  }
  assert.equal(ran, 2);
});

test('the setting that forbids it is locked by the file', () => {
  const [block] = fencedBlocks(PATH).filter(({ language }) => language === 'yaml');
  assert.equal(SETTING_KEYS.find(key => key.name === 'allow_break_glass')?.lock, false);
  assert.match(block?.text ?? '', /^allow_break_glass: false$/m);
});
