/** docs/reload.md shows the tools that test/agent/reload/ways.test.ts runs. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { tableUnder } from '../support/fenced.js';
import { TOOLS, type ToolWay } from '../support/reload/tools.js';

const PATH = 'docs/reload.md';
const HEADING = '## With which tool';

const SAID: Record<ToolWay['writes'], readonly [string, string]> = {
  over: ['renames a whole file over it', 'at once'],
  anew: ['removes it, or moves it away, and makes it anew', 'after 1 s'],
  into: ['writes into it', 'after 1 s'],
};

const rows = TOOLS.map(({ command, shown, writes }) => [`\`${shown ?? command}\``, ...SAID[writes]]);

test('the table of tools is the one that is tested', () => {
  if (process.env.CHECKRD_WRITE_DOCS === '1') {
    const lines = rows.map(row => `| ${row.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`);
    const text = readFileSync(PATH, 'utf8');
    const from = text.indexOf('|---|', text.indexOf(HEADING));
    const begin = text.indexOf('\n', from) + 1;
    const end = text.indexOf('\n\n', begin);
    writeFileSync(PATH, `${text.slice(0, begin)}${lines.join('\n')}${text.slice(end)}`);
  }
  assert.deepEqual(tableUnder(PATH, HEADING), rows);
});
