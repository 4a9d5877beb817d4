// Builds the man pages from the tables that the program itself reads: `node packaging/man.mjs [compiled [out]]` writes
// dist/man/*.1 and *.5. The same sources give the same bytes: the date is the release's in CHANGELOG.md, and no clock is asked.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { commandPage, mainPage } from './man/commands.mjs';
import { auditPage, policyPage, settingsPage } from './man/formats.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const compiled = resolve(process.argv[2] ?? join(root, 'dist'));
const out = resolve(process.argv[3] ?? join(root, 'dist', 'man'));
const from = path => import(pathToFileURL(join(compiled, path)).href);

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
/** Empty until it is released. */
const date =
  new RegExp(`^## ${version.replaceAll('.', '\\.')} \\((\\d{4}-\\d{2}-\\d{2})\\)$`, 'm').exec(changelog)?.[1] ?? '';
const edition = { version, date };

const { COMMANDS } = await from('cli/commands.js');
const help = await from('cli/help.js');
const { HELP_FLAG, JSON_FLAG } = await from('cli/flags.js');
const commands = await Promise.all(COMMANDS.map(row => row.load()));

const pages = [
  mainPage(edition, commands),
  ...commands.map(command => commandPage(edition, command, help, { json: JSON_FLAG, help: HELP_FLAG })),
  settingsPage(edition, await from('core/config/keys.js')),
  policyPage(edition, await from('core/policy/definition.js')),
  auditPage(edition, await from('core/audit/field-names.js')),
];
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const { file, text } of pages) writeFileSync(join(out, file), text);
console.log(`man: ${pages.length} pages`);
