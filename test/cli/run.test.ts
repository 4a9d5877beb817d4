import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Misuse, readArgs } from '#src/cli/args.js';
import { COMMANDS } from '#src/cli/commands.js';
import { cli } from '../support/cli.js';

const misused: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [[], /no command/],
  [['chek'], /did you mean 'checkrd check'/],
  [['frobnicate'], /--help/],
  [['--verion'], /unknown flag --verion/],
  [['check'], /at least one FILE/],
  [['check', '--jsno', 'x'], /did you mean --json/],
  [['check', '--frob', 'x'], /unknown flag --frob.*\n.*it takes .*--json/],
  [['decide', '--policy', 'a', '--policy', 'b'], /--policy is given twice/],
  [['decide'], /no policy is given/],
  [['decide', '--policy'], /--policy/],
  [['decide', '--batch', '--policy', 'x'], /takes no other flags/],
  [['decide', '--batch', '{}'], /takes no REQUEST/],
  [['kill', '--agent', '../x'], /no agent ID/],
  [['kill', '--reason', 'x'.repeat(201)], /over 200/],
  [['init', 'here'], /expected nothing/],
  [['help', 'nonsense'], /unknown command/],
];
for (const [args, says] of misused) {
  test(`misuse: checkrd ${args.join(' ').slice(0, 40)}`, async () => {
    const { code, out, err } = await cli(args, { env: { CHECKRD_CONFIG_DIR: '/nonexistent/checkrd' } });
    assert.equal(code, 64);
    assert.match(err, says);
    assert.equal(out, '');
    assert.ok(!existsSync('/nonexistent'));
  });
}

test('misuse with --json is said as JSON', async () => {
  const { code, out, err } = await cli(['check', '--json']);
  assert.equal(code, 64);
  assert.equal(err, '');
  assert.equal((JSON.parse(out) as { errors: { code: string }[] }).errors[0]?.code, 'misuse');
});

test('version and help go to stdout', async () => {
  assert.deepEqual(await cli(['--version']), { code: 0, out: 'checkrd 1.2.3\n', err: '' });
  assert.deepEqual(await cli(['--version', '--json']), { code: 0, out: '{"version":"1.2.3"}\n', err: '' });
});

for (const row of COMMANDS.filter(c => c.name !== 'daemon' || existsSync('dist/agent/open.js'))) {
  test(`checkrd ${row.name} describes itself`, async () => {
    const command = await row.load();
    assert.equal(command.name, row.name);
    assert.match(command.summary, /^[a-z].*[^.]$/);
    const { code, out } = await cli([row.name, '--help']);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`usage: checkrd ${row.name}`));
    assert.match(out, /exit/);
    assert.match(out, /64 misuse/);
    assert.equal((await cli(['help', row.name])).out, out);
  });

  test(`checkrd ${row.name} is called as its table says, and takes nothing else`, async () => {
    const command = await row.load();
    const named = command.synopsis.flatMap(way => [...way.matchAll(/--([a-z-]+)/g)].map(([, flag]) => flag));
    const flags = Object.keys(command.flags);
    assert.deepEqual(new Set(named.filter(flag => flag !== 'json')), new Set(flags));
    const prose = `${command.about} ${command.notes ?? ''} ${Object.values(command.exit).join(' ')}`;
    for (const [, flag = ''] of prose.replaceAll(/`checkrd [^`]*`/g, '').matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)) {
      assert.ok(flag === 'json' || flags.includes(flag), `--${flag} is spoken of`);
    }
    for (const [flag, { means, takes }] of Object.entries(command.flags)) {
      assert.match(means, /^.+[^.]$/, flag);
      // As the command line reads it: with its value, or alone.
      const words = Array(command.operands?.min ?? 0).fill('x');
      const given = readArgs([...words, `--${flag}`, ...(takes === undefined ? [] : ['v'])], command);
      assert.deepEqual([given.text(flag), given.on(flag)], takes === undefined ? [null, true] : ['v', false]);
    }
    assert.throws(() => readArgs(['--no-such'], command), Misuse);
  });
}
