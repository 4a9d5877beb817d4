/** `checkrd fmt`: prints, checks, writes in place. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cli } from '../support/cli.js';
import { tempFolder } from '../support/temp.js';

const LOOSE = 'rules:   []   # none\ndefault:  deny\n';
const NEAT = 'default: deny\nrules: [] # none\n';

function folder(t: TestContext) {
  const cwd = tempFolder(t);
  writeFileSync(join(cwd, 'loose.yaml'), LOOSE);
  writeFileSync(join(cwd, 'neat.yaml'), NEAT);
  writeFileSync(join(cwd, 'loose.json'), '{"rules":[],"default":"deny"}\n');
  writeFileSync(join(cwd, 'broken.yaml'), 'default: deny\n');
  return { cwd };
}

test('prints one file and leaves it alone', async t => {
  const at = folder(t);
  assert.deepEqual(await cli(['fmt', 'loose.yaml'], at), { code: 0, out: NEAT, err: '' });
  assert.equal(readFileSync(join(at.cwd, 'loose.yaml'), 'utf8'), LOOSE);
  const json = await cli(['fmt', 'loose.json'], at);
  assert.equal(json.out, '{\n  "default": "deny",\n  "rules": []\n}\n');
  assert.equal((await cli(['fmt', 'loose.yaml', 'neat.yaml'], at)).code, 64);
  assert.equal((await cli(['fmt', '--check', '-w', 'neat.yaml'], at)).code, 64);
});

test('--check names what would change', async t => {
  const at = folder(t);
  assert.deepEqual(await cli(['fmt', '--check', 'neat.yaml', 'loose.yaml'], at), {
    code: 1,
    out: 'loose.yaml: would change\n',
    err: '',
  });
  assert.equal((await cli(['fmt', '--check', 'neat.yaml'], at)).code, 0);
  const json = await cli(['fmt', '--check', '--json', 'neat.yaml', 'broken.yaml'], at);
  assert.equal(json.code, 1);
  assert.deepEqual(JSON.parse(json.out), {
    ok: false,
    files: [
      { file: 'neat.yaml', is: 'unchanged' },
      { file: 'broken.yaml', is: 'refused' },
    ],
  });
});

test('-w puts it in place with its mode, through a link, and leaves nothing behind', async t => {
  const at = folder(t);
  const file = join(at.cwd, 'loose.yaml');
  chmodSync(file, 0o640);
  symlinkSync('loose.yaml', join(at.cwd, 'link.yaml'));
  const untouched = statSync(join(at.cwd, 'neat.yaml')).ino;
  const ran = await cli(['fmt', '-w', 'link.yaml', 'neat.yaml'], at);
  assert.deepEqual([ran.code, ran.out], [0, 'link.yaml: formatted\n'], ran.err);
  assert.equal(readFileSync(file, 'utf8'), NEAT);
  assert.equal(statSync(file).mode & 0o777, 0o640);
  assert.ok(lstatSync(join(at.cwd, 'link.yaml')).isSymbolicLink());
  assert.equal(statSync(join(at.cwd, 'neat.yaml')).ino, untouched, 'what is in order is not written');
  assert.equal(readdirSync(at.cwd).length, 5);
});

test('a policy that does not load is refused and stays', async t => {
  const at = folder(t);
  const ran = await cli(['fmt', '-w', 'broken.yaml'], at);
  assert.equal(ran.code, 1);
  assert.match(ran.err, /^broken\.yaml:1:1: error: .*`rules`.*\[missing_key\]\n$/);
  assert.equal(ran.out, '');
  assert.equal((await cli(['fmt', '-w', 'absent.yaml'], at)).code, 2);
});

test('standard input is formatted to standard output, or nothing is printed', async t => {
  const at = folder(t);
  assert.deepEqual(await cli(['fmt', '-'], { ...at, stdin: LOOSE }), { code: 0, out: NEAT, err: '' });
  const broken = await cli(['fmt', '-'], { ...at, stdin: 'default: deny\n' });
  assert.deepEqual([broken.code, broken.out], [1, '']);
  assert.match(broken.err, /^stdin:1:1: error: .*\[missing_key\]\n$/);
  assert.deepEqual(await cli(['fmt', '--check', '-', 'neat.yaml'], { ...at, stdin: LOOSE }), {
    code: 1,
    out: 'stdin: would change\n',
    err: '',
  });
  const long = await cli(['fmt', '-'], { ...at, stdin: '#'.repeat(16 * 1024 * 1024 + 1) });
  assert.deepEqual([long.code, long.out], [2, '']);
  assert.match(long.err, /the policy `stdin` has too many bytes/);
  for (const words of [
    ['-w', '-'],
    ['--check', '-', '-'],
  ]) {
    assert.equal((await cli(['fmt', ...words], { ...at, stdin: LOOSE })).code, 64);
  }
});

test('a process whose standard input cannot be read says so and prints nothing', t => {
  const { cwd } = folder(t);
  const fd = openSync(join(cwd, 'neat.yaml'), 'a');
  t.after(() => closeSync(fd));
  const ran = spawnSync(process.execPath, [join(process.cwd(), 'dist/cli/main.js'), 'fmt', '-'], {
    ...{ cwd, stdio: [fd, 'pipe', 'pipe'], encoding: 'utf8', timeout: 60_000 },
  });
  assert.deepEqual([ran.status, ran.stdout], [2, ''], ran.stderr);
  assert.match(ran.stderr, /the policy `stdin` cannot be read \(EBADF\)/);
});

test('a file of another user is left alone', {
  skip: process.getuid?.() !== 0 && 'needs root, who alone can give a file away',
}, async t => {
  const at = folder(t);
  const { chownSync } = await import('node:fs');
  chownSync(join(at.cwd, 'loose.yaml'), 65_534, 65_534);
  const ran = await cli(['fmt', '-w', 'loose.yaml'], at);
  assert.equal(ran.code, 2);
  assert.match(ran.err, /another user/);
  assert.equal(readFileSync(join(at.cwd, 'loose.yaml'), 'utf8'), LOOSE);
});
