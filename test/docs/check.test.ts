/**
 * docs/check.md: its story is run from top to bottom in one home, with a real log; commands print what stands below them. The example of
 * each lint is warned of, the one beside it is not. `CHECKRD_WRITE_DOCS=1` writes what is printed anew.
 *
 * A block of a file is written under the name that the line above it ends with. Every time is shown as TIME.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { lintPolicy } from '#src/core/policy/lint/lint.js';
import { LINTS } from '#src/core/policy/lints.js';
import { readPolicy } from '#src/core/policy/read.js';
import { code, fencedBlocks, tableUnder } from '../support/fenced.js';
import { Home } from '../support/home.js';
import { runSample } from '../support/sample.js';

const PATH = 'docs/check.md';
const TIME = '2026-01-07T12:00:00.000Z';
const blocks = fencedBlocks(PATH);

test('the story', t => {
  const home = new Home();
  t.after(() => home.remove());
  home.write('bin/checkrd', `#!/bin/sh\nexec '${process.execPath}' '${resolve('dist/cli/main.js')}' "$@"\n`);
  chmodSync(home.path('bin/checkrd'), 0o755);
  const sh = (command: string): string => {
    const env = { PATH: `${home.path('bin')}:${process.env.PATH}`, HOME: home.dir };
    const ran = spawnSync('sh', ['-c', command], { encoding: 'utf8', cwd: home.dir, env });
    return ran.stdout + ran.stderr;
  };
  assert.match(sh('checkrd init'), /public key/);

  const lines = readFileSync(PATH, 'utf8').split('\n');
  const files = new Map<string, string>();
  const printed: string[] = [];
  for (const [i, block] of blocks.entries()) {
    if (block.language === 'yaml' || block.language === 'js') {
      const name = /`(?:~\/)?([^`\s]+)`:$/.exec(lines[block.line - 4] ?? '')?.[1];
      assert.ok(name, `${PATH}:${block.line}: no name`);
      files.set(name, block.text);
      home.write(name, block.text);
    }
    if (block.language !== 'sh') continue;
    const command = block.text.trim();
    const said = command === 'node agent.mjs' ? runSample(files.get('agent.mjs') ?? '', home.dir).out : sh(command);
    const shown = said.replaceAll(home.dir, '~').replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, TIME);
    const next = blocks[i + 1];
    if (next?.language === 'text') printed.push(shown);
    if (process.env.CHECKRD_WRITE_DOCS === '1') continue;
    assert.equal(shown, next?.language === 'text' ? next.text : '', `${PATH}:${block.line}: ${command}`);
  }
  assert.ok(printed.length >= 8);
  if (process.env.CHECKRD_WRITE_DOCS === '1') {
    const page = readFileSync(PATH, 'utf8');
    writeFileSync(
      PATH,
      page.replace(/```text\n.*?```/gs, () => `\`\`\`text\n${printed.shift()}\`\`\``),
    );
  }

  const steps = [...(blocks.find(block => block.language === 'yml')?.text ?? '').matchAll(/- run: (.*)/g)];
  assert.equal(steps.length, 3);
  for (const [, step = ''] of steps) assert.match(sh(`${step} && echo passed`), /passed$/m, step);
  const sarif = JSON.parse(readFileSync(home.path('checkrd.sarif'), 'utf8')) as { version: string };
  assert.equal(sarif.version, '2.1.0');
});

test('every lint has an example', () => {
  assert.deepEqual(
    tableUnder(PATH, '## Lints').map(row => code(row[0])),
    Object.keys(LINTS),
  );
});

const TESTS = 'tests: [{ name: t, request: { url: "https://a.example.com/" }, expect: { result: deny } }]\n';

function policyOf(cell: string): string {
  if (cell === 'no tests') return 'default: deny\nrules: []\n';
  if (cell === 'tests with one test') return `default: deny\nrules: []\n${TESTS}`;
  if (cell.startsWith('default')) return `${cell}\nrules: []\n${TESTS}`;
  return `default: deny\nrules: [${cell}]\n${TESTS}`;
}

for (const [name, warns, not] of tableUnder(PATH, '## Lints')) {
  test(`the example of ${code(name)}`, () => {
    const codes = (cell: string | undefined): string[] => {
      const text = policyOf(code(cell)).replace('U+202E', '\u202E');
      const reading = readPolicy(new TextEncoder().encode(text), 'yaml');
      assert.ok(reading.ok, JSON.stringify(reading));
      return lintPolicy(reading.policy, text).map(lint => lint.code);
    };
    assert.ok(codes(warns).includes(code(name) as keyof typeof LINTS), String(warns));
    assert.ok(!codes(not).includes(code(name) as keyof typeof LINTS), String(not));
  });
}
