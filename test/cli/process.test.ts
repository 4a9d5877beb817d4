import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { filesLoaded } from '../support/loaded-files.js';

const MAIN = 'dist/cli/main.js';

test('the program answers and exits with the command’s code', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  const version = run('--version');
  assert.match(version.stdout, /^checkrd \d+\.\d+\.\d+\n$/);
  assert.equal(version.status, 0);
  assert.equal(run('nonsense').status, 64);
  assert.ok(statSync(MAIN).isFile());
});

test('a reader that goes away ends the program quietly, and not with 0', async t => {
  const child = spawn(process.execPath, [MAIN, 'decide', '--batch'], { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let err = '';
  child.stderr.on('data', part => {
    err += part;
  });
  child.stdin.on('error', () => {});
  child.stdout.destroy();
  const feed = setInterval(() => child.stdin.write('{"load":{}}\n'.repeat(1000)), 5);
  t.after(() => clearInterval(feed));
  // Not before all that it said has been read.
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 141);
  assert.equal(err, '');
});

test('an output that cannot be written is said, and is no answer', () => {
  const full = openSync('/dev/full', 'w');
  for (const args of [['--version'], ['check', 'examples/policies/tools.yaml'], ['schema']]) {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /^error: standard output cannot be written \(ENOSPC\)\nhint: .*\n$/);
  }
  closeSync(full);
});

test('--batch answers while its input stays open', async t => {
  const child = spawn(process.execPath, [MAIN, 'decide', '--batch'], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  child.stdin.write('{"load":{"default":"deny","rules":[]}}\n');
  const [answer] = (await once(child.stdout, 'data')) as [Buffer];
  assert.equal(answer.toString(), '{"ok":true}\n');
  child.stdin.end();
  assert.equal(((await once(child, 'exit')) as [number])[0], 0);
});

test('a command that is left without an answer is not one that says yes', () => {
  const deaf = `data:text/javascript,Object.defineProperty(process, 'stdin', { value: { [Symbol.asyncIterator]: () => ({
    next: () => new Promise(() => {}) }) } })`;
  const run = spawnSync(process.execPath, ['--import', deaf, MAIN, 'decide', '--batch'], { encoding: 'utf8' });
  assert.equal(run.status, 2, run.stderr);
  assert.match(run.stderr, /^error: internal error: the command ended without an answer\nhint: /);
});

test('before the command is known nothing is loaded but the table of commands and what reads words', () => {
  assert.deepEqual(filesLoaded([MAIN, '--version'], 'dist'), [
    'agent/version.js',
    'cli/args.js',
    'cli/commands.js',
    'cli/flags.js',
    'cli/io.js',
    'cli/main.js',
    'cli/run.js',
    'core/engine-faults.js',
    'core/fault.js',
    'core/guard-faults.js',
    'core/key-file-faults.js',
    'core/killswitch-faults.js',
    'core/policy/suggest.js',
    'core/trust-faults.js',
  ]);
});
