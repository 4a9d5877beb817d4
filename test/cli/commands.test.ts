import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseDocument } from 'yaml';
import { starterSettings } from '#src/cli/starter.js';
import { SETTING_KEYS } from '#src/core/config/keys.js';
import { resolveSettings } from '#src/core/config/resolve.js';
import { cli } from '../support/cli.js';

function home(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  return { folder, env: { CHECKRD_CONFIG_DIR: folder }, cwd: folder };
}
const GET = '{"method":"GET","url":"https://api.test/x"}';
const POLICY = 'default: deny\nrules:\n  - name: reads\n    allow: { method: GET, url: api.test/x }\n';

test('init writes files that load, prints the public key, and never overwrites', async t => {
  const at = home(t);
  const first = await cli(['init'], at);
  assert.equal(first.code, 0, first.err);
  const key = readFileSync(join(at.folder, 'keys/origin.pub'), 'utf8').trim();
  assert.ok(first.out.split('\n').includes(key));
  assert.equal(statSync(join(at.folder, 'keys')).mode & 0o777, 0o700);
  assert.equal((await cli(['check', 'policy.yaml'], at)).code, 0);
  assert.equal((await cli(['status'], at)).code, 0);
  assert.equal((await cli(['decide', '--policy', 'policy.yaml', GET], at)).code, 1);

  writeFileSync(join(at.folder, 'policy.yaml'), POLICY);
  const again = JSON.parse((await cli(['init', '--json'], at)).out) as {
    public_key: string;
    files: { written: boolean }[];
  };
  assert.equal(again.public_key, key);
  assert.deepEqual(
    again.files.map(f => f.written),
    [false, false],
  );
  assert.equal(readFileSync(join(at.folder, 'policy.yaml'), 'utf8'), POLICY);
});

test('the starter settings name every setting, and load when the marks are taken away', () => {
  const text = starterSettings();
  for (const { name, env } of SETTING_KEYS) assert.ok(text.includes(`$${env}`), name);
  const open = text.replace(/^# ([a-z_]+:)/gm, '$1').replace(/^#( {3}[a-z_]+:)/gm, '$1');
  const got = resolveSettings({
    face: 'daemon',
    options: {},
    env: {},
    file: { path: '/c/checkrd.yaml', text: open },
    configDir: '/c',
    home: '/h',
    cwd: '/',
  });
  assert.ok(got.ok, JSON.stringify(got));
  const top = SETTING_KEYS.map(k => k.name.split('.')[0]);
  assert.deepEqual(Object.keys(parseDocument(open).toJS() as object), [...new Set(top)]);
});

test('check names every mistake as path:line:column', async t => {
  const at = home(t);
  writeFileSync(join(at.folder, 'good.yaml'), POLICY);
  writeFileSync(join(at.folder, 'bad.yaml'), 'default: deny\nrulse: []\n');
  const { code, out } = await cli(['check', 'good.yaml', 'bad.yaml'], at);
  assert.equal(code, 1);
  assert.match(out, /^good\.yaml: ok, 1 rule, mode enforce$/m);
  assert.match(out, /^bad\.yaml:2:1: error: .*did you mean `rules`/m);
  const json = JSON.parse((await cli(['check', '--json', 'bad.yaml'], at)).out) as {
    ok: boolean;
    files: { errors: { line: number; column: number }[] }[];
  };
  assert.equal(json.ok, false);
  assert.deepEqual([json.files[0]?.errors[0]?.line, json.files[0]?.errors[0]?.column], [2, 1]);
});

test('colour is for terminals, and for nobody who said no', async t => {
  const at = home(t);
  writeFileSync(join(at.folder, 'good.yaml'), POLICY);
  assert.ok((await cli(['check', 'good.yaml'], { ...at, tty: true })).out.includes('\u001b['));
  assert.ok(!(await cli(['check', 'good.yaml'], at)).out.includes('\u001b['));
  assert.ok(
    !(await cli(['check', 'good.yaml'], { ...at, tty: true, env: { ...at.env, NO_COLOR: '1' } })).out.includes(
      '\u001b[',
    ),
  );
});

type Spoiled = readonly [name: string, make: (path: string) => void, says: RegExp];
const spoiled: readonly Spoiled[] = [
  ['no file', () => {}, /no policy file/],
  ['an empty file', path => writeFileSync(path, ''), /error/],
  ['a directory', path => mkdirSync(path), /a directory/],
  ['20 MiB', path => writeFileSync(path, Buffer.alloc(20 * 1024 * 1024, 0x20)), /at most/],
  ['binary', path => writeFileSync(path, Buffer.from([0, 255, 254, 7, 10])), /error/],
  ['no final newline', path => writeFileSync(path, POLICY.trimEnd()), /newline/],
  ['mode: Enforce', path => writeFileSync(path, `mode: Enforce\n${POLICY}`), /enforce/],
];
for (const [name, make, says] of spoiled) {
  test(`check: ${name} is one clear error`, async t => {
    const at = home(t);
    make(join(at.folder, 'p.yaml'));
    const { code, out } = await cli(['check', 'p.yaml'], at);
    assert.equal(code, 1, out);
    assert.match(out, says);
    assert.equal(out.trim().split('\n').length, 1, out);
  });
}

test('decide answers one request, from an argument or standard input', async t => {
  const at = home(t);
  writeFileSync(join(at.folder, 'p.yaml'), POLICY);
  assert.deepEqual(await cli(['decide', '--policy', 'p.yaml', GET], at), {
    code: 0,
    out: "allow rule_allowed: allowed by rule 'reads'\n",
    err: '',
  });
  const piped = await cli(['decide', '--policy', 'p.yaml', '--json', '--killed'], { ...at, stdin: `${GET}\n` });
  assert.equal(piped.code, 1);
  assert.equal((JSON.parse(piped.out) as { code: string }).code, 'kill_switch');
  assert.equal((await cli(['decide', '--policy', 'p.yaml', '{"method":"GET"}'], at)).code, 64);
  assert.equal(
    (await cli(['decide', '--policy', 'p.yaml', '{"method":"GET","method":"GET","url":"https://a.test"}'], at)).code,
    64,
  );
  assert.equal((await cli(['decide', '--policy', 'p.yaml', '--at', 'noon', GET], at)).code, 64);
  const none = await cli(['decide', '--policy', 'q.yaml', GET], at);
  assert.equal(none.code, 2);
  assert.match(none.err, /q\.yaml/);
});

test('decide answers a call of a tool, with the hint and the shadow rules', async t => {
  const at = home(t);
  writeFileSync(
    join(at.folder, 'p.yaml'),
    `default: allow
rules:
  - { name: no-etc, deny: { tool: "files/*", args: { jsonpath: $.path, prefix: /etc/ } }, hint: 'ask "ops"' }
  - { name: trial, mode: dry_run, deny: { tool: "**" } }
  - { name: exact, deny: { args: { jsonpath: $.n, exact: 9007199254740993 } } }
`,
  );
  const decide = (request: string, ...more: string[]) => cli(['decide', '--policy', 'p.yaml', ...more, request], at);
  const etc = '{"tool":"files/read","args":{"path":"/etc/passwd"}}';
  assert.deepEqual(await decide(etc), {
    code: 1,
    out: 'deny rule_denied: denied by rule \'no-etc\'\nhint: ask "ops"\nshadow rules that would have fired: trial\n',
    err: '',
  });
  assert.equal(
    (await decide(etc, '--json')).out,
    '{"result":"deny","enforced":true,"code":"rule_denied","matched_rule":"no-etc","matched_rule_kind":"deny","reason":"denied by rule \'no-etc\'","hint":"ask \\"ops\\"","shadow_rules":["trial"]}\n',
  );
  const code = async (request: string) => (JSON.parse((await decide(request, '--json')).out) as { code: string }).code;
  // Numbers and names of arguments are judged as they are written.
  assert.equal(await code('{"tool":"t","args":{"n":9007199254740993}}'), 'rule_denied');
  assert.equal(await code('{"tool":"t","args":{"n":9007199254740992}}'), 'default_allowed');
  assert.equal(await code('{"tool":"t","args":{"n":1,"n":1}}'), 'rule_denied');
  assert.equal(await code('{"tool":"files/read","url":"tool://Files/tools/read"}'), 'default_allowed');
  assert.equal(await code('{"tool":"files/read","url":"https://files/"}'), 'request_invalid');
  assert.equal(await code('{"tool":"","args":{}}'), 'request_invalid');
  assert.equal((await decide('{"tool":"t","body":"x"}')).code, 64);
});

test('--batch reads a file that the lines name, relative to where it runs', async t => {
  const at = home(t);
  writeFileSync(join(at.folder, 'p.yaml'), POLICY);
  writeFileSync(join(at.folder, 'bad.yaml'), 'default: deny\nrulse: []\n');
  const stdin = ['{"load_file":"p.yaml"}', `{"request":${GET}}`, '{"load_file":"bad.yaml"}', `{"request":${GET}}`].join(
    '\n',
  );
  const lines = (await cli(['decide', '--batch'], { ...at, stdin })).out.trim().split('\n');
  assert.equal(lines[0], '{"ok":true}');
  assert.equal(
    lines[1],
    '{"result":"allow","enforced":true,"code":"rule_allowed","matched_rule":"reads","matched_rule_kind":"allow","reason":"allowed by rule \'reads\'"}',
  );
  const errors = (JSON.parse(lines[2]!) as { errors: { code: string; line: number; column: number }[] }).errors;
  assert.deepEqual([errors[0]?.code, errors[0]?.line, errors[0]?.column], ['unknown_key', 2, 1]);
  assert.match(lines[3]!, /no_policy/);
});

test('limits count from line to line by the lines’ clock, and a load begins afresh', async () => {
  const load = '{"load":{"default":"allow","rules":[{"name":"one","limit":{"calls_per_minute":1,"per":"agent"}}]}}';
  const at = (time: string, agent = 'a') => `{"request":${GET},"agent":"${agent}","at":"2026-01-07T12:${time}Z"}`;
  const stdin = [load, at('00:00'), at('00:30'), at('00:30', 'b'), at('01:01'), load, at('01:02')].join('\n');
  const lines = (await cli(['decide', '--batch'], { stdin })).out.trim().split('\n');
  assert.deepEqual(
    lines.map(l => (JSON.parse(l) as { code?: string }).code ?? 'loaded'),
    ['loaded', 'default_allowed', 'rate_limited', 'default_allowed', 'default_allowed', 'loaded', 'default_allowed'],
  );
});

test('order: an invalid request comes before the switch, the switch before the policy', async () => {
  const load = '{"load":{"default":"allow","agents":["x"],"rules":[]}}';
  const ask = (url: string, more = '') => `{"request":{"method":"GET","url":"${url}"},"agent":"a"${more}}`;
  const stdin = [
    load,
    ask('/relative', ',"killed":true'),
    ask('https://a.test', ',"killed":true'),
    ask('https://a.test'),
  ].join('\n');
  const lines = (await cli(['decide', '--batch'], { stdin })).out.trim().split('\n');
  assert.deepEqual(
    lines.slice(1).map(l => (JSON.parse(l) as { code: string }).code),
    ['request_invalid', 'kill_switch', 'no_policy_for_agent'],
  );
});

test('kill and resume are holds of their own', async t => {
  const at = home(t);
  await cli(['init'], at);
  assert.equal((await cli(['kill', '--agent', 'crm', '--reason', 'odd'], at)).code, 0);
  assert.match(readFileSync(join(at.folder, 'killswitch.d/crm'), 'utf8'), /odd/);
  assert.equal((await cli(['kill'], at)).code, 0);
  const status = await cli(['status', '--json'], at);
  assert.equal(status.code, 1);
  const said = JSON.parse(status.out) as { kill_switch: { engaged: string[] } };
  assert.deepEqual(said.kill_switch.engaged, [join(at.folder, 'killswitch'), join(at.folder, 'killswitch.d/crm')]);
  const one = await cli(['resume', '--agent', 'crm'], at);
  assert.equal(one.code, 0);
  assert.match(one.err, /still stops every agent/);
  assert.equal((await cli(['resume'], at)).code, 0);
  assert.ok(!existsSync(join(at.folder, 'killswitch')));
  assert.equal((await cli(['resume'], at)).code, 1);
});

test('status takes a policy whose own tests fail for one that does not go live', async t => {
  const at = home(t);
  await cli(['init'], at);
  const tests = 'tests: [{ name: t, request: { url: "https://a.test/" }, expect: { result: allow } }]\n';
  writeFileSync(join(at.folder, 'policy.yaml'), `${POLICY}${tests}`);
  const { code, out } = await cli(['status'], at);
  assert.equal(code, 2);
  assert.match(out, /the test `t` expected allow .* at 5:9/);
});

test('kill says so when there is no switch', async t => {
  const at = home(t);
  writeFileSync(join(at.folder, 'checkrd.yaml'), 'killswitch: false\n');
  assert.equal((await cli(['kill'], at)).code, 64);
});

test('status: a policy that does not load is wrong, with its place', async t => {
  const at = home(t);
  writeFileSync(join(at.folder, 'policy.yaml'), 'default: deny\nrulse: []\n');
  const { code, out } = await cli(['status'], at);
  assert.equal(code, 2);
  assert.match(out, /wrong: policy: .*at 2:1/);
});

test('status says what agents could write, and takes it for news only where a daemon keeps them apart', async t => {
  const { folder: dir, env } = home(t);
  const at = { env };
  await cli(['init'], at);
  const library = await cli(['status', '--json'], at);
  assert.equal(library.code, 0);
  const open = (out: string) => (JSON.parse(out) as { writable_by_agent: { path: string }[] }).writable_by_agent;
  assert.ok(open(library.out).some(({ path }) => path === join(dir, 'policy.yaml')));

  writeFileSync(join(dir, 'checkrd.yaml'), 'daemon: { agents: [{ id: a, group: "54321" }] }\n');
  assert.deepEqual(open((await cli(['status', '--json'], at)).out), []);
  mkdirSync(join(dir, 'trust'));
  chmodSync(join(dir, 'trust'), 0o777);
  const daemon = await cli(['status'], at);
  assert.equal(daemon.code, 2);
  assert.match(daemon.out, /^separate {2}no: the agent could write .*\/trust$/m);
  assert.match(daemon.out, /^note: separation: agents could write .*\/trust$/m);
});

test('status reads the head of the log', async t => {
  const at = home(t);
  await cli(['init'], at);
  mkdirSync(join(at.folder, 'audit'));
  const lines = [
    { seq: 0, time: '2026-01-07T12:00:00.000Z', type: 'log_started' },
    { seq: 1, time: '2026-01-07T12:00:01.000Z', type: 'checkpoint', size: 1, root: 'AAAA' },
    { seq: 2, time: '2026-01-07T12:00:02.000Z', type: 'decision' },
  ].map(l => `${JSON.stringify(l)}\n`);
  writeFileSync(join(at.folder, 'audit/daemon.jsonl'), `${lines.join('')}{"seq":3,"tim`);
  const said = JSON.parse((await cli(['status', '--json'], at)).out) as { logs: object[] };
  assert.deepEqual(said.logs[0], {
    path: join(at.folder, 'audit/daemon.jsonl'),
    error: null,
    size: 3,
    lastTime: '2026-01-07T12:00:02.000Z',
    checkpoint: { size: 1, root: 'AAAA', time: '2026-01-07T12:00:01.000Z' },
  });
});

test('status names every log of the folder, not the parts of a rotated one', async t => {
  const at = home(t);
  await cli(['init'], at);
  for (const name of ['crm.jsonl', 'mail.jsonl', 'mail.000.jsonl']) {
    mkdirSync(join(at.folder, 'audit'), { recursive: true });
    writeFileSync(join(at.folder, 'audit', name), '');
  }
  const said = JSON.parse((await cli(['status', '--json'], at)).out) as { logs: { path: string }[] };
  assert.deepEqual(
    said.logs.map(log => log.path),
    ['crm.jsonl', 'mail.jsonl'].map(name => join(at.folder, 'audit', name)),
  );
});

test('a mistyped setting is one clear error: what, where, how to mend it', async t => {
  const at = home(t);
  writeFileSync(join(at.folder, 'checkrd.yaml'), 'policy: p.yaml\nsecurity_mode: Strict\n');
  const { code, err } = await cli(['status'], at);
  assert.equal(code, 2);
  assert.match(
    err,
    new RegExp(
      `${at.folder}/checkrd.yaml:2:16: .*security_mode.*must be one of strict, permissive.*did you mean .strict`,
    ),
  );
});

test('settings that cannot be read are no settings by default', async t => {
  const at = home(t);
  mkdirSync(join(at.folder, 'checkrd.yaml'));
  assert.match((await cli(['status'], at)).err, /not a regular file/);
  assert.match((await cli(['status', '--config', 'none.yaml'], at)).err, /ENOENT/);
  rmSync(join(at.folder, 'checkrd.yaml'), { recursive: true, force: true, maxRetries: 10 });
  writeFileSync(join(at.folder, 'checkrd.yaml'), Buffer.from([0xff, 0x0a]));
  assert.match((await cli(['status'], at)).err, /not UTF-8/);
  if (process.getuid?.() === 0) return;
  chmodSync(join(at.folder, 'checkrd.yaml'), 0);
  assert.match((await cli(['status'], at)).err, /EACCES/);
});
