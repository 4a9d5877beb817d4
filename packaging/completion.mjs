// Builds the completions from the table of commands: `node packaging/completion.mjs [compiled [out]]` writes
// dist/completion/checkrd.bash, _checkrd (zsh) and checkrd.fish. They run nothing of ours, so a broken settings file breaks none.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bash } from './completion/bash.mjs';
import { fish } from './completion/fish.mjs';
import { zsh } from './completion/zsh.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const compiled = resolve(process.argv[2] ?? join(root, 'dist'));
const out = resolve(process.argv[3] ?? join(root, 'dist', 'completion'));
const from = path => import(pathToFileURL(join(compiled, path)).href);

const { COMMANDS } = await from('cli/commands.js');
const { HELP_FLAG, JSON_FLAG } = await from('cli/flags.js');
/** A shell has a line for it: the first clause, and nothing that a shell could take for its own. */
const brief = text => text.split(/[.;:] /)[0].replaceAll('`', '');
const briefly = rows => rows.map(([name, row]) => [name, { ...row, means: brief(row.means) }]);

const commands = (await Promise.all(COMMANDS.map(row => row.load()))).map(
  ({ name, summary, acts, operands, flags }) => ({
    name,
    summary,
    acts: Object.entries(acts ?? {}).map(([act, means]) => [act, brief(means)]),
    /** What its words are: `file`, `folder`, `text`, a list, or null where it takes none. */
    words: operands?.takes.is ?? null,
    flags: briefly(Object.entries({ ...flags, json: JSON_FLAG, help: HELP_FLAG })),
  }),
);

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const [name, text] of [
  ['checkrd.bash', bash(commands)],
  ['_checkrd', zsh(commands)],
  ['checkrd.fish', fish(commands)],
]) {
  writeFileSync(join(out, name), text);
}
console.log(`completion: ${commands.length} commands, 3 shells`);
