/**
 * Policies nobody can use: each is one clear error (code, place, next step), at start and at a reload, in the library and
 * on the command line; the last good policy stays, and the mended file goes live by itself.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Checkrd } from 'checkrd';
import { nextStep } from '#src/core/fault.js';
import { asNobody, giveAway } from '../support/as-nobody.js';
import { cli } from '../support/cli.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';
import { type Upstream, upstream } from '../support/upstream.js';

const GOOD = 'default: allow\nrules: []\n';
const MIB = 1024 * 1024;

interface Bad {
  readonly name: string;
  /** Puts it at the path. */
  readonly put: (path: string) => void;
  readonly code: string;
  /** What a person is told, wherever it is told. */
  readonly says: readonly RegExp[];
  readonly at?: readonly [line: number, column: number];
  /** `check` reads any file whoever may write it. */
  readonly notByCheck?: true;
}

const text =
  (content: string | Uint8Array) =>
  (path: string): void =>
    writeFileSync(path, content);

const FAILING_TEST = `tests:
  - { name: nobody passes, request: { url: "https://api.test/" }, expect: { result: deny } }
`;
const FAILING_AT = GOOD.split('\n').length + 1;

const BAD: readonly Bad[] = [
  { name: 'an empty file', put: text(''), code: 'policy_empty', says: [/no policy/] },
  { name: 'only a comment', put: text('# later\n'), code: 'policy_empty', says: [/no policy/] },
  {
    name: 'a directory',
    put: path => mkdirSync(path),
    code: 'policy_not_regular',
    says: [/policy\.yaml` is a directory/, /put a regular file there/],
  },
  {
    name: '20 MiB',
    put: text(Buffer.alloc(20 * MIB, 'x')),
    code: 'policy_too_large',
    says: [/policy\.yaml`/, /at most (4194304|16777216)/, /split the policy/],
  },
  {
    name: 'binary',
    put: text(Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0xff, 0xfe, 10])),
    code: 'not_text',
    says: [/NUL/],
  },
  {
    name: 'a policy whose own test fails',
    put: text(`${GOOD}${FAILING_TEST}`),
    code: 'test_failed',
    says: [/the test `nobody passes` expected deny and got allow default_allowed/, /`checkrd test`/],
    at: [FAILING_AT, 5],
  },
  {
    name: 'a large policy whose own test fails',
    put: text(`${GOOD}${FAILING_TEST}#${' '.repeat(70_000)}\n`),
    code: 'test_failed',
    says: [/`nobody passes`/],
    at: [FAILING_AT, 5],
  },
  { name: 'Latin-1', put: text(Uint8Array.from([0x23, 0xe9, 10])), code: 'not_utf8', says: [/UTF-8/] },
  {
    name: 'no final newline',
    put: text('default: allow\nrules: []'),
    code: 'final_newline',
    says: [/newline/],
    at: [2, 10],
  },
  {
    name: 'a duplicate key',
    put: text('default: allow\nrules: []\ndefault: deny\n'),
    code: 'duplicate_key',
    says: [/`default`/],
    at: [3, 1],
  },
  {
    name: 'an unknown key',
    put: text('default: allow\nrulse: []\nrules: []\n'),
    code: 'unknown_key',
    says: [/`rulse`/, /did you mean `rules`/],
    at: [2, 1],
  },
  {
    name: 'mode: Enforce',
    put: text('default: allow\nmode: Enforce\nrules: []\n'),
    code: 'unknown_value',
    says: [/mode/, /enforce/],
    at: [2, 7],
  },
  {
    name: 'a rule cut in half',
    put: text('default: deny\nrules:\n  - name: a\n    allow: { method: \n'),
    code: 'yaml_syntax',
    says: [/./],
  },
  {
    name: 'a mode that no rule has',
    put: text('default: allow\nrules:\n  - name: a\n    deny: { url: a.example }\n    mode: enforce\n'),
    code: 'unknown_value',
    says: [/mode/],
    at: [5, 11],
  },
  {
    name: 'writable by everyone',
    put: path => {
      writeFileSync(path, GOOD);
      chmodSync(path, 0o666);
    },
    code: 'policy_writable_by_others',
    says: [/policy\.yaml` has mode 0666/, /everyone could change/, /chmod go-w .*policy\.yaml/],
    notByCheck: true,
  },
];

let server: Upstream;
before(async () => {
  server = await upstream();
});
after(() => server.close());

for (const bad of BAD) {
  test(`${bad.name}: denied at start, said, recorded; live when mended`, async t => {
    const home = new Home();
    const path = home.path('policy.yaml');
    bad.put(path);
    const reached = server.seen.length;
    const checkrd = new Checkrd({ agentId: 'bad', configDir: home.dir });
    t.after(() => ended(checkrd, home));
    const { policy, state } = checkrd.healthy();
    assert.deepEqual([state, policy.state, policy.issue?.code], ['degraded', 'missing', bad.code]);
    isClear(bad, policy.issue);
    await assert.rejects(checkrd.wrap()(server.origin), { name: 'CheckrdPolicyDenied', code: 'policy_missing' });
    assert.equal(server.seen.length, reached);
    const rejected = home.records('bad').find(record => record.type === 'policy_rejected');
    assert.equal(rejected?.error, bad.code);
    assert.equal(rejected?.path, path);
    if (bad.at !== undefined) assert.deepEqual([rejected?.line, rejected?.column], bad.at);

    if (bad.notByCheck === undefined) {
      const checked = await cli(['check', '--json', path]);
      assert.equal(checked.code, 1);
      const [file] = (JSON.parse(checked.out) as { files: { errors: Issue[] }[] }).files;
      assert.equal(file?.errors[0]?.code, bad.code, checked.out);
      isClear(bad, file?.errors[0] ?? null);
      const plain = await cli(['check', path]);
      assert.ok(plain.out.includes(bad.at === undefined ? path : `${path}:${bad.at.join(':')}: `), plain.out);
    }

    home.write('mended', GOOD);
    over(home.path('mended'), path);
    await until('the mended policy', () => checkrd.healthy().policy.state === 'ok');
    assert.equal((await checkrd.wrap()(server.origin)).status, 200);
  });

  test(`${bad.name}: over a good policy, that one stays`, async t => {
    const home = new Home({ 'policy.yaml': GOOD });
    const checkrd = new Checkrd({ agentId: 'bad', configDir: home.dir });
    t.after(() => ended(checkrd, home));
    const said: string[] = [];
    const hear = (warning: Error) => void said.push(warning.message);
    process.on('warning', hear);
    t.after(() => process.off('warning', hear));
    const good = checkrd.healthy().policySha256;
    bad.put(home.path('new'));
    over(home.path('new'), home.path('policy.yaml'));
    await until(`${bad.code}`, () => checkrd.healthy().policy.issue?.code === bad.code);
    isClear(bad, checkrd.healthy().policy.issue);
    assert.equal(checkrd.healthy().policy.state, 'degraded');
    assert.equal((await checkrd.wrap()(server.origin)).status, 200);
    await checkrd.close();
    const records = home.records('bad');
    const [rejected, ...more] = records.filter(r => r.type === 'policy_rejected' && r.error === bad.code);
    assert.deepEqual(more, []);
    const path = home.path('policy.yaml');
    const at = rejected?.line === undefined ? '' : `:${rejected.line}:${rejected.column}`;
    const step = nextStep(bad.code) ?? `\`checkrd check ${path}\` explains it`;
    const once = `the policy was refused: ${path}${at}: ${bad.code} (${step})`;
    assert.deepEqual(
      said.filter(text => text.includes(bad.code)),
      [once],
    );
    assert.equal(records.findLast(r => r.type === 'decision')?.policy_sha256, good);

    const again = new Checkrd({ agentId: 'bad', configDir: home.dir });
    assert.deepEqual([again.healthy().policy.state, again.healthy().policySha256], ['degraded', good]);
    await again.close();
  });
}

/** By one rename, where neither is a directory. */
function over(from: string, to: string): void {
  if (statSync(from).isDirectory() || statSync(to).isDirectory())
    rmSync(to, { recursive: true, force: true, maxRetries: 10 });
  renameSync(from, to);
}

async function ended(checkrd: Checkrd, home: Home): Promise<void> {
  await checkrd.close();
  home.remove();
}

interface Issue {
  readonly code: string;
  readonly message: string;
  readonly line?: number | null;
  readonly column?: number | null;
  readonly suggestion?: string | null;
}

function isClear(bad: Bad, issue: Issue | null): void {
  assert.ok(issue !== null);
  const said = `${issue.message}; ${issue.suggestion ?? ''}`;
  for (const part of bad.says) assert.match(said, part);
  if (bad.at !== undefined) assert.deepEqual([issue.line, issue.column], bad.at, said);
}

test('no policy: denied until it appears, then live without a restart', async t => {
  const home = new Home();
  const checkrd = new Checkrd({ agentId: 'bad', configDir: home.dir });
  t.after(() => ended(checkrd, home));
  const { issue } = checkrd.healthy().policy;
  assert.equal(issue?.code, 'policy_missing');
  assert.match(issue?.message ?? '', /no policy file at `.*policy\.yaml`.*`checkrd init` writes one/);
  const reached = server.seen.length;
  await assert.rejects(checkrd.wrap()(server.origin), { code: 'policy_missing' });
  assert.equal(server.seen.length, reached);
  home.replace('policy.yaml', GOOD);
  await until('the policy', () => checkrd.healthy().policy.state === 'ok');
  assert.equal((await checkrd.wrap()(server.origin)).status, 200);
});

test('an unreadable policy: the path, why, and what to do', t => {
  const home = new Home({ 'policy.yaml': GOOD });
  t.after(() => home.remove());
  giveAway(home.dir);
  chmodSync(home.path('policy.yaml'), 0);
  const { out, err } = asNobody(
    `import { Checkrd } from './dist/index.js';
     const checkrd = new Checkrd({ agentId: 'bad' });
     const denied = await checkrd.wrap()('http://127.0.0.1:9/').catch(error => error.code);
     console.log(JSON.stringify([denied, checkrd.healthy().policy.issue]));
     await checkrd.close();`,
    { CHECKRD_CONFIG_DIR: home.dir },
  );
  assert.match(out, /^\["policy_missing",\{"code":"policy_unreadable"/, err);
  assert.match(out, /policy\.yaml` cannot be read \(EACCES\); let the user of the agent read the file/);
  assert.ok(readFileSync(home.path('audit/bad.jsonl'), 'utf8').includes('"error":"policy_unreadable"'));
});

test('the rejected file is not quoted where it is reported', async t => {
  const home = new Home({ 'policy.yaml': 'default: allow\nrules: []\ntoken-sk-12345: {}\nmode: "sk-999\n' });
  t.after(() => home.remove());
  const checkrd = new Checkrd({ agentId: 'bad', configDir: home.dir });
  await checkrd.close();
  assert.ok(!readFileSync(home.path('audit/bad.jsonl'), 'utf8').includes('sk-'));
});
