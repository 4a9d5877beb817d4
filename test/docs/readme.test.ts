/** README.md: its commands and its program run as they stand, in a home of their own; nothing it points to is missing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fencedBlocks } from '../support/fenced.js';
import { Home } from '../support/home.js';
import { runSample } from '../support/sample.js';

const PATH = 'README.md';
const readme = readFileSync(PATH, 'utf8');
const blocks = fencedBlocks(PATH);
const block = (language: string, has: string): string => {
  const found = blocks.find(b => b.language === language && b.text.includes(has));
  assert.ok(found, `${PATH} has no ${language} with ${has}`);
  return found.text;
};

/** A home in which `checkrd` is a command. */
function prepared(t: TestContext) {
  const home = new Home();
  t.after(() => home.remove());
  const main = resolve('dist/cli/main.js');
  home.write('bin/checkrd', `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  chmodSync(home.path('bin/checkrd'), 0o755);
  const sh = (commands: string) => {
    const env = { PATH: `${home.path('bin')}:${process.env.PATH}`, HOME: home.dir };
    const ran = spawnSync('sh', ['-c', commands], { encoding: 'utf8', cwd: home.dir, env });
    return { status: ran.status, said: ran.stdout + ran.stderr };
  };
  return { home, sh };
}

const CHAT = (model: string): string => `
try {
  const chat = await openai.chat.completions.create({ model: '${model}', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] });
  console.log(chat.choices[0].message.content);
} catch (error) {
  console.log(findPolicyDenied(error)?.code ?? error);
}
`;
const ANSWER = JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'passed' } }] });

test('from init to verify', t => {
  const { home, sh } = prepared(t);
  const init = sh('checkrd init');
  assert.equal(init.status, 0, init.said);
  assert.ok(existsSync(home.path('.checkrd/policy.yaml')), 'init writes ~/.checkrd/policy.yaml');

  const program = block('ts', 'new Checkrd').replace('{ Checkrd }', '{ Checkrd, findPolicyDenied }');
  const run = (model: string) => runSample(program + CHAT(model), home.dir, ANSWER);
  assert.equal(run('gpt-4o-mini').out, 'default_denied\n', 'the starter policy denies everything');

  home.write('.checkrd/policy.yaml', block('yaml', 'one-model'));
  assert.equal(sh('checkrd check .checkrd/policy.yaml').status, 0);
  const passed = run('gpt-4o-mini');
  assert.equal(passed.out, 'passed\n', passed.err);
  assert.equal(run('gpt-4o').out, 'default_denied\n');

  const [touch = '', remove = ''] = block('sh', 'touch').split('\n');
  assert.equal(sh(touch).status, 0);
  assert.equal(run('gpt-4o-mini').out, 'kill_switch\n');
  assert.equal(sh(remove).status, 0);
  assert.equal(run('gpt-4o-mini').out, 'passed\n');

  const verify = block('sh', 'checkrd verify').trim();
  const verified = sh(verify);
  assert.equal(verified.status, 0, verified.said);
  assert.equal(sh(verify.replace(/ --key \S+/, '')).status, 2, 'without a key the origin is unproven');
});

test('a broken policy leaves the old one in force, and status has line and column', t => {
  const { home, sh } = prepared(t);
  sh('checkrd init');
  home.write('.checkrd/policy.yaml', 'default: deny\nrulse: []\n');
  const status = sh('checkrd status');
  assert.equal(status.status, 2, status.said);
  assert.match(status.said, /policy\.yaml: unknown key `rulse`.* at 2:1/);
});

test('its commands of npm are scripts, and links lead somewhere', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/npm (?:run )?([a-z:]+)/g)].map(m => m[1] ?? '').filter(name => name !== 'ci');
  assert.ok(named.length >= 2);
  for (const name of named) assert.ok(Object.hasOwn(scripts, name), name);

  const documents = ['.', 'docs'].flatMap(folder => readdirSync(folder).map(name => join(folder, name)));
  for (const file of documents.filter(name => name.endsWith('.md'))) {
    for (const [, link = ''] of readFileSync(file, 'utf8').matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (!link.includes('://')) assert.ok(existsSync(join(file, '..', link)), `${file}: ${link}`);
    }
  }
});

test('it installs a package as the page for operators does, whose commands are run', () => {
  const page = readFileSync('docs/operate.md', 'utf8');
  const [deb = '', rpm = ''] = block('sh', 'dpkg -i').split('# or: ');
  for (const command of [deb, rpm]) assert.ok(page.includes(`\n${command.trim()}\n`), command);
});

test('every command it names is one', async () => {
  const { COMMANDS } = await import('#src/cli/commands.js');
  const named = [...readme.matchAll(/(?:`|^)checkrd ([a-z]+)/gm)].map(m => m[1]);
  assert.ok(named.length >= 4);
  for (const name of named)
    assert.ok(
      COMMANDS.some(c => c.name === name),
      `checkrd ${name}`,
    );
});

test('a link into a page leads to a heading of it', () => {
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-');
  const slugs = (file: string): string[] =>
    [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slug(heading));
  const documents = ['.', 'docs'].flatMap(folder => readdirSync(folder).map(name => join(folder, name)));
  let links = 0;
  for (const file of documents.filter(name => name.endsWith('.md'))) {
    for (const [, page = '', anchor = ''] of readFileSync(file, 'utf8').matchAll(/\]\(([^)#:]*)#([^)]+)\)/g)) {
      const target = page === '' ? file : join(file, '..', page);
      assert.ok(slugs(target).includes(anchor), `${file}: ${page}#${anchor}`);
      links++;
    }
  }
  assert.ok(links > 20);
});
