/** docs/architecture.md shows the rooms that the layer test enforces, and files and commands that exist. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { code, tableUnder } from '../support/fenced.js';
import { ROOMS } from '../support/rooms.js';

const PATH = 'docs/architecture.md';

test('the rooms are those of the layer test', () => {
  const shown = tableUnder(PATH, '## Rooms').map(([room, may]) => [
    code(room),
    may === 'nothing' ? [] : (may ?? '').split(', ').map(code),
  ]);
  assert.deepEqual(Object.fromEntries(shown), ROOMS);
});

test('the files it names exist', () => {
  const named = [...readFileSync(PATH, 'utf8').matchAll(/`((?:src|core|agent|engine|test)\/[\w./-]+\.\w+)`/g)];
  assert.ok(named.length > 5);
  for (const [, path = ''] of named)
    assert.ok(existsSync(path) || existsSync(`src/${path}`) || path.endsWith('pin.ts'), path);
});

test('the commands it names are those of package.json', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  for (const [command] of tableUnder(PATH, '## Testing')) {
    const name = code(command).replace(/^npm (run )?/, '');
    assert.ok(Object.hasOwn(scripts, name), name);
  }
});
