/** docs/cli.md and docs/settings.md say what the tables say. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMANDS } from '#src/cli/commands.js';
import { SETTING_KEYS, wanted } from '#src/core/config/keys.js';
import { SETTINGS_ISSUES } from '#src/core/config/settings.js';

const cliText = readFileSync('docs/cli.md', 'utf8');
/** The formatter pads columns. */
const settingsText = readFileSync('docs/settings.md', 'utf8').replace(/ +/g, ' ');

for (const row of COMMANDS) {
  test(`docs/cli.md has checkrd ${row.name} as it is`, async () => {
    const { name, usage } = await row.load();
    assert.ok(cliText.includes(`## checkrd ${name}\n`));
    assert.ok(cliText.includes(`\`\`\`\n${usage.trim()}\n\`\`\``), `the usage of ${name} differs`);
  });
}

test('docs/cli.md names no command that does not work', () => {
  const named = [...cliText.matchAll(/^## checkrd (\S+)$/gm)].map(m => m[1]);
  assert.deepEqual(
    named,
    COMMANDS.map(c => c.name),
  );
});

for (const key of SETTING_KEYS) {
  test(`docs/settings.md has ${key.name} as it is`, () => {
    const row = settingsText.split('\n').find(line => line.startsWith(`| \`${key.name}\` |`)) ?? '';
    for (const part of [key.env, key.option ?? '', wanted(key.kind), key.start, key.means]) {
      assert.ok(row.includes(part), `${part}\n${row}`);
    }
    const locked = key.lock === 'said' ? 'locked once it is said' : `locked at \`${key.lock}\``;
    assert.equal(row.includes(locked), key.lock !== null);
  });
}

test('docs/settings.md explains every code', () => {
  for (const [code, means] of Object.entries(SETTINGS_ISSUES))
    assert.ok(settingsText.includes(`| \`${code}\` | ${means} |`));
});
