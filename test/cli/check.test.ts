/** `checkrd check`: what it says, in each form, and its exit codes. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cli } from '../support/cli.js';
import { tempFolder } from '../support/temp.js';

const TESTS = 'tests: [{ name: t, request: { url: "https://a.test/" }, expect: { result: deny } }]\n';
const FILES = {
  'clean.yaml': `default: deny\nrules: []\n${TESTS}`,
  'warned.yaml': `default: deny\nrules:\n  - name: all\n    allow: {}\n`,
  'failing.yaml': `default: allow\nrules: []\n${TESTS}`,
  'broken.yaml': 'default: deny\nrules: []\nmod: x\n',
};

function folder(t: TestContext) {
  const cwd = tempFolder(t);
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(cwd, name), text);
  return { cwd };
}

test('a clean policy is ok; warnings leave the exit code alone, --strict does not', async t => {
  const at = folder(t);
  const clean = await cli(['check', '--strict', 'clean.yaml'], at);
  assert.deepEqual([clean.code, clean.out], [0, 'clean.yaml: ok, 0 rules, mode enforce, 1 test passed\n']);
  const warned = await cli(['check', 'warned.yaml'], at);
  assert.equal(warned.code, 0);
  const lines = warned.out.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^warned\.yaml:1:1: warning: .*; .* \[no_tests\]$/);
  assert.match(lines[1] ?? '', /^warned\.yaml:3:5: warning: the rule `all`: .*; .* \[empty_matcher\]$/);
  assert.equal(lines[2], 'warned.yaml: ok, 1 rule, mode enforce');
  const strict = await cli(['check', '--strict', 'warned.yaml'], at);
  assert.equal(strict.code, 1);
  assert.match(strict.out, /^warned\.yaml:1:1: error: [^\n]*\n[^\n]*error:[^\n]*\n$/);
});

test('a failing test of its own is an error with its line', async t => {
  const ran = await cli(['check', 'failing.yaml'], folder(t));
  assert.equal(ran.code, 1);
  assert.match(
    ran.out,
    /^failing\.yaml:3:9: error: the test `t` expected deny .* \[test_failed\]\n.*warning.*\[default_allow\]/,
  );
  assert.doesNotMatch(ran.out, /: ok/);
});

test('- is YAML from standard input', async t => {
  const at = folder(t);
  const fromStdin = await cli(['check', '-'], { ...at, stdin: FILES['clean.yaml'] });
  assert.equal(fromStdin.code, 0);
  assert.match(fromStdin.out, /^stdin: ok/);
  const broken = await cli(['check', '-', 'clean.yaml'], { ...at, stdin: FILES['broken.yaml'] });
  assert.equal(broken.code, 1);
  assert.match(broken.out, /^stdin:3:1: error: unknown key `mod`.*\nclean\.yaml: ok/);
  assert.equal((await cli(['check', '-', '-'], at)).code, 64);
  const long = await cli(['check', '-'], { ...at, stdin: '#'.repeat(16 * 1024 * 1024 + 1) });
  assert.equal(long.code, 1, 'as a file of that size');
  assert.match(long.out, /^stdin: error: .*\[policy_too_large\]/);
});

test('--json says the same of every file', async t => {
  const ran = await cli(['check', '--json', ...Object.keys(FILES)], folder(t));
  assert.equal(ran.code, 1);
  const said = JSON.parse(ran.out) as {
    ok: boolean;
    files: { file: string; ok: boolean; rules?: number; errors: { code: string }[]; warnings: { code: string }[] }[];
  };
  assert.equal(said.ok, false);
  assert.deepEqual(
    said.files.map(({ file, ok, rules, errors, warnings }) => [
      file,
      ok,
      rules,
      errors.map(e => e.code),
      warnings.map(w => w.code),
    ]),
    [
      ['clean.yaml', true, 0, [], []],
      ['warned.yaml', true, 1, [], ['no_tests', 'empty_matcher']],
      ['failing.yaml', false, 0, ['test_failed'], ['default_allow']],
      ['broken.yaml', false, undefined, ['unknown_key'], []],
    ],
  );
});

interface Sarif {
  readonly version: string;
  readonly $schema: string;
  readonly runs: readonly {
    readonly tool: {
      readonly driver: { readonly name: string; readonly rules: readonly { id: string; help: { text: string } }[] };
    };
    readonly results: readonly {
      ruleId: string;
      ruleIndex: number;
      level: string;
      message: { text: string };
      locations: readonly {
        physicalLocation: { artifactLocation: { uri: string }; region?: { startLine: number; startColumn: number } };
      }[];
    }[];
  }[];
}

test('--sarif is SARIF 2.1.0: what the format requires, each result with its rule and its place', async t => {
  const at = folder(t);
  writeFileSync(join(at.cwd, 'a b#.yaml'), 'rules: []\n');
  const ran = await cli(['check', '--sarif', ...Object.keys(FILES), 'a b#.yaml', 'absent.yaml'], at);
  assert.equal(ran.code, 1);
  const { version, $schema, runs } = JSON.parse(ran.out) as Sarif;
  assert.deepEqual([version, runs.length], ['2.1.0', 1]);
  assert.match($schema, /sarif-2\.1\.0/);
  const [run] = runs;
  assert.ok(run);
  assert.equal(run.tool.driver.name, 'checkrd');
  const ids = run.tool.driver.rules.map(rule => rule.id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(run.tool.driver.rules.every(rule => rule.help.text.length > 20));
  for (const result of run.results) {
    assert.equal(ids[result.ruleIndex], result.ruleId);
    assert.ok(['error', 'warning'].includes(result.level) && result.message.text.length > 0);
  }
  const places = run.results.map(({ ruleId, locations: [one] }) => {
    const { artifactLocation, region } = one?.physicalLocation ?? { artifactLocation: { uri: '' } };
    return `${artifactLocation.uri}:${region?.startLine}:${region?.startColumn} ${ruleId}`;
  });
  assert.deepEqual(places, [
    'warned.yaml:1:1 no_tests',
    'warned.yaml:3:5 empty_matcher',
    'failing.yaml:3:9 test_failed',
    'failing.yaml:1:1 default_allow',
    'broken.yaml:3:1 unknown_key',
    'a%20b%23.yaml:1:1 missing_key',
    'absent.yaml:undefined:undefined policy_missing',
  ]);
  assert.equal((await cli(['check', '--sarif', '--json', 'clean.yaml'], at)).code, 64);
  const dotted = (await cli(['check', '--sarif', './/broken.yaml'], at)).out;
  assert.match(dotted, /"uri": "broken\.yaml"/, 'as a code host spells it');
  const clean = JSON.parse((await cli(['check', '--sarif', 'clean.yaml'], at)).out) as Sarif;
  assert.deepEqual(clean.runs[0]?.results, []);
});
