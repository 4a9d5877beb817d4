/** The man pages under mandoc and man, the completions in real zsh and fish. bash, and what they must hold: test/cli/manuals.test.ts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const without = (program: string) =>
  spawnSync(program, ['--version']).error === undefined ? false : `no ${program} on this machine`;
const said = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  spawnSync(program, args, { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } });

const pages = readdirSync('dist/man').map(name => join('dist/man', name));
/** A page has the date of the release; until there is one, that is all that is missing. */
const unreleased = !/^\.TH .* "\d{4}-\d\d-\d\d" /m.test(readFileSync('dist/man/checkrd.1', 'utf8'));

test('mandoc finds nothing in any page', { skip: without('mandoc') }, () => {
  const { stdout, stderr } = said('mandoc', ['-T', 'lint', '-W', 'style', ...pages]);
  const complaints = `${stdout}${stderr}`.split('\n').filter(line => line !== '');
  assert.deepEqual(
    complaints.filter(line => !(unreleased && /WARNING: missing date/.test(line))),
    [],
  );
});

test('man renders every page without a warning', { skip: without('man') }, () => {
  for (const page of pages) {
    const { status, stdout, stderr } = said('man', ['--warnings', '-E', 'UTF-8', '-l', page], {
      LC_ALL: 'C.UTF-8',
      MANWIDTH: '80',
      MANPAGER: 'cat',
    });
    assert.deepEqual([status, stderr], [0, ''], page);
    assert.match(stdout, /^NAME$/m, page);
    // No macro is left as text.
    assert.doesNotMatch(stdout, /\\f[BIR]|^\s*\.[A-Z]{2}\b/m, page);
  }
});

test('fish completes commands, flags, values, actions and files', { skip: without('fish') }, () => {
  const complete = (line: string) => {
    const { stdout, stderr } = said('fish', [
      '--no-config',
      '-c',
      `source dist/completion/checkrd.fish; complete -C '${line}'`,
    ]);
    assert.equal(stderr, '');
    return stdout.split('\n').map(row => row.split('\t')[0]);
  };
  assert.deepEqual(complete('checkrd ver'), ['verify', '']);
  assert.deepEqual(complete('checkrd verify --fr'), ['--from', '']);
  assert.deepEqual(complete('checkrd verify --from js'), ['json', '']);
  assert.deepEqual(complete('checkrd policy ro'), ['rollback', '']);
  assert.deepEqual(complete('checkrd check package-l'), ['package-lock.json', '']);
  // The name of a command behind another one is no command.
  assert.deepEqual(complete('checkrd layer drop verify --fr'), ['']);
});

test('zsh completes commands, flags, values and actions', { skip: without('zsh') }, () => {
  // It lists nothing while more is typed, so the list itself is waited for.
  const complete = (line: string, last: string): string => {
    const { stdout, stderr } = said('zsh', [
      '-f',
      '-c',
      `zmodload zsh/zpty; zpty z zsh -f -i
zpty -w z "PROMPT=; fpath=(${resolve('dist/completion')} \\$fpath); autoload -Uz compinit; compinit -u -D; bindkey '^I' list-choices; echo RE''ADY"
zpty -r z out '*READY*'
zpty -n -w z "${line}"$'\\t'
zpty -r z out '*${last}*'
print -r -- $out`,
    ]);
    assert.equal(stderr, '');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told
    return stdout.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '');
  };
  assert.match(complete('checkrd ver', 'what was written'), /verify +-- say whether an audit log/);
  assert.match(complete('checkrd verify --i', '--identity'), /--identity/);
  assert.match(complete('checkrd verify --from ', 'vector'), /fluent-bit .*json/s);
  const acts = complete('checkrd policy r', 'puts the files back');
  assert.match(acts, /rollback +-- puts the files back/);
  assert.doesNotMatch(acts, /not found/);
});
