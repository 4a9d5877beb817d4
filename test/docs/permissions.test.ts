/** docs/permissions.md names every check of the doctor, in its order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHECKS } from '#src/core/doctor/finding.js';
import { code, tableUnder } from '../support/fenced.js';

test('docs/permissions.md has a row for each check', () => {
  const rows = tableUnder('docs/permissions.md', '## Doctor').map(([name]) => code(name));
  assert.deepEqual(rows, [...CHECKS]);
});
