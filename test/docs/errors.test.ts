/**
 * docs/errors.md has every code: of decisions, of mistakes in a policy, of lints, of faults. Codes and meanings are those of the source, and
 * each has a next step; where the source has one it is that. `CHECKRD_WRITE_DOCS=1` writes the tables anew and keeps the next steps.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { DECISION_CODES, SOFT_CODES } from '#src/core/decide/types.js';
import { Fault, faultTable } from '#src/core/fault.js';
import { POLICY_ISSUES } from '#src/core/policy/issues.js';
import { LINTS } from '#src/core/policy/lints.js';
import { code, fencedBlocks, tableUnder } from '../support/fenced.js';

const PATH = 'docs/errors.md';
/** Every fact by its own name. */
const FACTS = new Proxy<Record<string, string>>({}, { get: (_facts, name) => `<${String(name)}>` });

type Row = readonly [name: string, meaning: string, next?: string];

function holds(heading: string, wanted: readonly Row[]): void {
  const old = new Map(tableUnder(PATH, heading).map(([name, , next]) => [code(name), next ?? '']));
  const rows = wanted.map(([name, meaning, next]) => [`\`${name}\``, meaning, next ?? old.get(name) ?? '']);
  if (process.env.CHECKRD_WRITE_DOCS === '1') {
    const text = rows.map(row => `| ${row.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |\n`).join('');
    const table = new RegExp(`(\n${heading}\n.*?\n\\| -[^\n]*\n)(?:\\|[^\n]*\n)*`, 's');
    writeFileSync(
      PATH,
      readFileSync(PATH, 'utf8').replace(table, (_all, head) => head + text),
    );
  }
  assert.deepEqual(tableUnder(PATH, heading), rows);
  for (const [name, meaning, next] of rows)
    assert.ok((meaning ?? '').length > 5 && (next ?? '').length > 3, `${name} has no next step`);
}

test('every fault has its row, as it is said', () => {
  holds(
    '## Faults',
    faultTable().map(row => [row.code, new Fault(row.code, FACTS).message.replaceAll('\n', ' '), row.fix]),
  );
});

test('every mistake of a policy has its row', () => holds('## Mistakes in a policy', Object.entries(POLICY_ISSUES)));

test('every lint has its row', () => holds('## Lints', Object.entries(LINTS)));

test('every decision code has its row, and the column on dry run is true', () => {
  const rows = tableUnder(PATH, '## Decisions');
  assert.deepEqual(
    rows.map(row => code(row[0])),
    [...DECISION_CODES],
  );
  for (const [cell, dryRun, meaning, next] of rows) {
    const name = code(cell) as (typeof DECISION_CODES)[number];
    assert.equal(dryRun === 'passes', SOFT_CODES.has(name), name);
    assert.ok((meaning ?? '').length > 5 && (next ?? '').length > 3, name);
  }
});

test('errors of construction that are no faults are named', () => {
  const named = tableUnder(PATH, '## Options of the library').map(row => code(row[0]));
  assert.deepEqual(named, ['option_invalid', 'option_unknown']);
  assert.ok(fencedBlocks(PATH).length > 0);
});
