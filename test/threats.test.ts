/** THREAT-MODEL.md and the tests name each other: every threat has its attack, every attack its row. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tableUnder } from './support/fenced.js';

const rows = tableUnder('THREAT-MODEL.md', '## Threats');
const idsOf = (text: string): string[] => text.match(/\bT-\d{2,3}\b/g) ?? [];
const known = rows.map(row => row[0] ?? '');

test('threats are numbered in order, none twice', () => {
  assert.ok(known.length >= 25);
  for (const id of known) assert.match(id, /^T-\d{2,3}$/);
  const number = (id: string): number => Number(id.slice(2));
  assert.deepEqual(
    known,
    [...new Set(known)].sort((a, b) => number(a) - number(b)),
  );
});

for (const [id = '', threat, does, remains, attack = ''] of rows) {
  test(`${id}: ${threat}`, () => {
    assert.ok(does !== '' && remains !== '');
    const named = /^`(?<file>test\/\S+\.test\.ts)`: (?<name>.+)$/.exec(attack)?.groups;
    assert.ok(named, attack);
    const { file = '', name = '' } = named;
    assert.ok(existsSync(file), file);
    const source = readFileSync(file, 'utf8');
    assert.ok(idsOf(source).includes(id), `${file} does not name ${id}`);
    assert.ok(source.includes(name), `${file} has no test "${name}"`);
  });
}

test('no test names a threat that has no row', () => {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter(f => f.endsWith('.test.ts'));
  for (const file of files) {
    if (file === 'threats.test.ts') continue;
    for (const id of idsOf(readFileSync(join('test', file), 'utf8'))) assert.ok(known.includes(id), `${file}: ${id}`);
  }
});
