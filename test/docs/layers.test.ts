/** docs/layers.md: its commands print what stands below them, over its two files. `CHECKRD_WRITE_DOCS=1` writes that down anew. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cli } from '../support/cli.js';
import { fencedBlocks } from '../support/fenced.js';
import { tempFolder } from '../support/temp.js';

const PATH = 'docs/layers.md';

test(`${PATH}: every command prints what it shows`, async t => {
  const cwd = tempFolder(t);
  const [company, team] = fencedBlocks(PATH).filter(block => block.language === 'yaml');
  mkdirSync(join(cwd, 'policy.d'));
  writeFileSync(join(cwd, 'policy.d/10-company.yaml'), company?.text ?? '');
  writeFileSync(join(cwd, 'policy.yaml'), team?.text ?? '');
  const commands = fencedBlocks(PATH).filter(block => block.language === 'sh');
  assert.equal(commands.length, 4);
  for (const { text } of commands) {
    const [, ...args] = text.trim().split(' ');
    const { out, err } = await cli(args, { cwd });
    assert.equal(err.includes('error'), false, err);
    const page = readFileSync(PATH, 'utf8');
    const at = page.indexOf('```text\n', page.indexOf(text)) + '```text\n'.length;
    const end = page.indexOf('```', at);
    if (process.env.CHECKRD_WRITE_DOCS === '1') writeFileSync(PATH, page.slice(0, at) + out + page.slice(end));
    else assert.equal(page.slice(at, end), out);
  }
});
