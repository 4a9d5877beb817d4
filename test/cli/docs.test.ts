/** docs/cli.md and docs/settings.md say what the tables say; `CHECKRD_WRITE_DOCS=1` writes the former anew. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMANDS } from '#src/cli/commands.js';
import { helpOf } from '#src/cli/help.js';
import { SETTING_KEYS, wanted } from '#src/core/config/keys.js';
import { SETTINGS_ISSUES } from '#src/core/config/settings.js';

let cliText = readFileSync('docs/cli.md', 'utf8');
/** The formatter pads columns. */
const settingsText = readFileSync('docs/settings.md', 'utf8').replace(/ +/g, ' ');

for (const row of COMMANDS) {
  test(`docs/cli.md has checkrd ${row.name} as it is`, async () => {
    const help = helpOf(await row.load());
    if (process.env.CHECKRD_WRITE_DOCS === '1') {
      const block = new RegExp(`(\n## checkrd ${row.name}\n.*?\`\`\`\n).*?(\n\`\`\`)`, 's');
      cliText = cliText.replace(block, (_all, head, end) => head + help + end);
      writeFileSync('docs/cli.md', cliText);
    }
    assert.ok(cliText.includes(`## checkrd ${row.name}\n`));
    assert.ok(
      cliText.includes(`\`\`\`\n${help}\n\`\`\``),
      `the help of ${row.name} differs; CHECKRD_WRITE_DOCS=1 writes it`,
    );
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
