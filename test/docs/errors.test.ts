/**
 * docs/errors.md is the tables of src/core/fault.ts and src/core/policy/lints.ts; a failure prints the rows to put there, and with
 * CHECKRD_WRITE_DOCS=1 they are put there.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Fault, faultTable } from '#src/core/fault.js';
import { LINTS } from '#src/core/policy/lints.js';
import { code, fencedBlocks, tableUnder } from '../support/fenced.js';

const PATH = 'docs/errors.md';
/** Every fact by its own name. */
const FACTS = new Proxy<Record<string, string>>({}, { get: (_facts, name) => `<${String(name)}>` });

test('every fault has its row, as it is said', () => {
  const rows = faultTable().map(row => {
    const said = new Fault(row.code, FACTS).message.replaceAll('\n', ' ').replaceAll('|', '\\|');
    return [`\`${row.code}\``, said, row.fix.replaceAll('|', '\\|')];
  });
  const wanted = rows.map(row => `| ${row.join(' | ')} |`).join('\n');
  if (process.env.CHECKRD_WRITE_DOCS === '1') {
    const page = readFileSync(PATH, 'utf8');
    writeFileSync(
      PATH,
      page.replace(/(\n## Faults\n.*?\n\| -[^\n]*\n)(?:\|[^\n]*\n)*/s, (_all, head) => `${head}${wanted}\n`),
    );
  }
  const found = tableUnder(PATH, '## Faults')
    .map(row => `| ${row.join(' | ').replaceAll('\\|', '|')} |`)
    .join('\n');
  assert.equal(found, wanted, `the rows are:\n${wanted}\n`);
});

test('every lint has its row', () => {
  const wanted = Object.entries(LINTS)
    .map(([name, means]) => `| \`${name}\` | ${means.replaceAll('|', '\\|')} |`)
    .join('\n');
  if (process.env.CHECKRD_WRITE_DOCS === '1') {
    const page = readFileSync(PATH, 'utf8');
    writeFileSync(
      PATH,
      page.replace(/(\n## Lints\n.*?\n\| -[^\n]*\n)(?:\|[^\n]*\n)*/s, (_all, head) => `${head}${wanted}\n`),
    );
  }
  const found = tableUnder(PATH, '## Lints')
    .map(row => `| ${row.join(' | ').replaceAll('\\|', '|')} |`)
    .join('\n');
  assert.equal(found, wanted, `the rows are:\n${wanted}\n`);
});

test('errors of construction that are no faults are named', () => {
  const named = tableUnder(PATH, '## Options of the library').map(row => code(row[0]));
  assert.deepEqual(named, ['option_invalid', 'option_unknown']);
  assert.ok(fencedBlocks(PATH).length > 0);
});
