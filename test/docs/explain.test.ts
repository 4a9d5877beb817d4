/**
 * docs/explain.md: its commands print what stands below them. `CHECKRD_WRITE_DOCS=1` writes that down anew.
 *
 * A `yaml` block is policy.yaml, a `json` block request.json, a `calls` block the log audit.jsonl with its key log.pub.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cli } from '../support/cli.js';
import { fencedBlocks } from '../support/fenced.js';
import { logOfCalls } from '../support/log-of-calls.js';

const PATH = 'docs/explain.md';
const blocks = fencedBlocks(PATH);
const textOf = (language: string): string => blocks.find(block => block.language === language)?.text ?? '';
const commands = blocks.flatMap((block, i) => (block.language === 'sh' ? [{ block, printed: blocks[i + 1] }] : []));

test('there are commands', () => assert.equal(commands.length, 3));

for (const { block, printed } of commands) {
  test(`${PATH}:${block.line}`, async t => {
    const calls = textOf('calls').trimEnd().split('\n');
    const log = logOfCalls(
      t,
      calls.map(call => [call, { matched_rule: 'everything' }]),
    );
    log.write('audit.jsonl', readFileSync(log.files[0] as string, 'utf8'));
    log.write('log.pub', `${log.key}\n`);
    log.write('policy.yaml', textOf('yaml'));
    log.write('request.json', textOf('json'));
    const [command = '', input] = block.text.trim().split(' < ');
    const [program, ...args] = command.split(' ');
    assert.equal(program, 'checkrd');
    const stdin = input === undefined ? {} : { stdin: readFileSync(join(log.folder, input), 'utf8') };
    const ran = await cli(args, { cwd: log.folder, ...stdin });
    assert.equal(ran.err, '');
    assert.equal(printed?.language, 'text');
    if (process.env.CHECKRD_WRITE_DOCS === '1') writeBlock(block.line, ran.out);
    else assert.equal(ran.out, printed.text);
  });
}

/** Puts `text` into the block after the one whose first line is `line`; later blocks move, so it is found by its command. */
function writeBlock(line: number, text: string): void {
  const command = blocks.find(block => block.line === line)?.text ?? '';
  const page = readFileSync(PATH, 'utf8');
  const at = page.indexOf('```text\n', page.indexOf(command)) + '```text\n'.length;
  writeFileSync(PATH, page.slice(0, at) + text + page.slice(page.indexOf('```', at)));
}
