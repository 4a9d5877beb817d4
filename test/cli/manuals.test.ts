/**
 * Man pages and completions say what the tables say. They are built here anew, into a folder of their own, and are those of
 * `npm run build`, byte for byte. The real mandoc, man, zsh and fish: test/system/manuals.test.ts.
 *
 * `CHECKRD_WRITE_DOCS=1` writes the list of pages in package.json.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '#src/cli/commands.js';
import { FIELD_NAMES } from '#src/core/audit/field-names.js';
import { OTHER_VARIABLES, SETTING_KEYS } from '#src/core/config/keys.js';
import { DOCUMENT_KEYS, TABLES } from '#src/core/policy/definition.js';
import { tempFolder } from '../support/temp.js';

function built(t: Parameters<typeof tempFolder>[0], what: 'man' | 'completion'): ReadonlyMap<string, string> {
  const folder = join(tempFolder(t), what);
  execFileSync(process.execPath, [`packaging/${what}.mjs`, 'dist', folder]);
  return new Map(readdirSync(folder).map(name => [name, readFileSync(join(folder, name), 'utf8')]));
}

function areThoseOfTheBuild(files: ReadonlyMap<string, string>, folder: string): void {
  assert.deepEqual(readdirSync(folder).sort(), [...files.keys()].sort(), 'npm run build:manuals');
  for (const [name, text] of files) {
    assert.equal(readFileSync(join(folder, name), 'utf8'), text, `${name}: npm run build:manuals`);
  }
}

/** As roff writes a word that can be copied. */
const roff = (word: string) => word.replaceAll('-', '\\-');

test('each command, flag, setting, key and field stands in a man page', async t => {
  const pages = built(t, 'man');
  const has = (page: string, word: string) =>
    assert.ok(pages.get(page)?.includes(`\\fB${roff(word)}\\fR`), `${page} has no ${word}`);
  for (const row of COMMANDS) {
    const { name, flags, acts = {}, exit } = await row.load();
    has('checkrd.1', `checkrd-${name}`);
    const page = `checkrd-${name}.1`;
    for (const flag of [...Object.keys(flags), 'json', 'help']) has(page, `--${flag}`);
    for (const act of Object.keys(acts)) has(page, act);
    assert.equal(
      pages.get(page)?.match(/^\.TP\n\\fB\d+\\fR$/gm)?.length,
      Object.keys(exit).length + 1,
      `${page}: exit`,
    );
  }
  for (const { name, env } of SETTING_KEYS) for (const word of [name, env]) has('checkrd.yaml.5', word);
  for (const name of OTHER_VARIABLES) has('checkrd.yaml.5', name);
  for (const table of [DOCUMENT_KEYS, ...Object.values(TABLES)]) {
    for (const key of Object.keys(table)) has('checkrd-policy.5', key);
  }
  for (const [type, fields] of Object.entries(FIELD_NAMES))
    for (const word of [type, ...fields]) has('checkrd-audit.5', word);
  areThoseOfTheBuild(pages, 'dist/man');

  const wanted = [...pages.keys()].sort().map(name => `./dist/man/${name}`);
  const text = readFileSync('package.json', 'utf8');
  if (process.env.CHECKRD_WRITE_DOCS === '1') {
    const list = `"man": [\n${wanted.map(path => `    "${path}"`).join(',\n')}\n  ]`;
    writeFileSync('package.json', text.replace(/"man": \[[^\]]*\]/, list));
  } else assert.deepEqual((JSON.parse(text) as { man: string[] }).man, wanted, 'CHECKRD_WRITE_DOCS=1 writes the list');
});

test('a real bash completes commands, flags, values, actions and files', t => {
  const scripts = built(t, 'completion');
  areThoseOfTheBuild(scripts, 'dist/completion');
  const lines = [
    ['ver'],
    ['verify', '--fr'],
    ['verify', '--from', 'js'],
    ['verify', '--from', '=', 'js'],
    ['policy', 'ro'],
    ['policy', 'show', '--te'],
    ['check', 'package-l'],
    ['check', '--trust', 'packagi'],
    ['keygen', '--no-such'],
    ['help', 'dae'],
    ['no-such', '-'],
  ];
  const program = `set -u; source dist/completion/checkrd.bash; complete -p checkrd
try() { COMP_WORDS=(checkrd "$@"); COMP_CWORD=$#; _checkrd; echo "\${COMPREPLY[*]-}"; }
${lines.map(words => `try ${words.join(' ')}`).join('\n')}`;
  const said = execFileSync('bash', ['--norc', '-c', program], { encoding: 'utf8' }).trimEnd().split('\n');
  assert.deepEqual(said, [
    'complete -F _checkrd checkrd',
    'verify',
    '--from',
    'json',
    'json',
    'rollback',
    '--text',
    'package-lock.json',
    'packaging',
    '',
    'daemon',
  ]);
});
