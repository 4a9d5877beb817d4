// T-118 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { untar } from '#src/core/evidence/tar.js';
import { cli } from '../support/cli.js';
import { DaemonHome } from '../support/daemon-home.js';
import { Home } from '../support/home.js';

/** Whatever a person, a policy or an agent can write bears this word, so one search finds any of it. */
const WORD = 'zqsecret';

interface Bundle {
  readonly files: ReadonlyMap<string, string>;
  /** Of all parts together, lower case. */
  readonly text: string;
}

function unpack(path: string): Bundle {
  const parts = untar(gunzipSync(readFileSync(path)));
  assert.ok(parts !== null);
  const files = new Map(parts.map(({ name, bytes }) => [name, Buffer.from(bytes).toString('utf8')]));
  return { files, text: [...files].flat().join('\n').toLowerCase() };
}

const POLICY = `# ${WORD} in a comment
default: deny
rules:
  - name: ${WORD}-rule
    hint: "${WORD} hint"
    allow: { method: GET, url: "${WORD}.test/**", headers: [{ name: x-${WORD}, in: [${WORD}] }] }
`;

async function plantedHome(t: TestContext): Promise<{ home: DaemonHome; env: Record<string, string> }> {
  const folder = `home/${WORD}-user/etc`;
  const home = new DaemonHome(t, {
    [`${folder}/policy.yaml`]: POLICY,
    [`${folder}/policy.d/${WORD}.yaml`]: `default: deny\nrules: [{ name: ${WORD}, allow: { url: "**" } }]\n`,
    'checkrd.yaml': `# ${WORD}\npolicy: ${folder}/policy.yaml\ndaemon: { agents: [{ id: ${WORD}-agent }] }\n`,
  });
  await home.start();
  const agent = `${WORD}-agent`;
  const headers = [
    [`x-${WORD}`, WORD],
    ['authorization', `Bearer ${WORD}`],
  ];
  await home.decide(agent, `https://${WORD}.test/${WORD}?token=${WORD}`, {
    request: { method: 'GET', url: `https://${WORD}.test/a/${WORD}?t=${WORD}`, headers },
  });
  await home.ask(agent, '/v1/decide', { request: { tool: `${WORD}/delete`, args: { key: WORD } } });
  home.write('killswitch', `reason: ${WORD}\nagents: [${WORD}-*]\n`);
  await home.decide(agent);
  // What is refused is quoted by whoever refuses it.
  home.replace(`${folder}/policy.yaml`, `${POLICY}  - { name: ${WORD}-2, ${WORD}_unknown: ${WORD} }\n`);
  const message = {
    level: 50,
    time: '2026-01-01T00:00:00.000Z',
    code: WORD,
    event: WORD,
    msg: WORD,
    err: { stack: WORD },
  };
  home.write(
    `logs/${WORD}.log.2026-01-01.1`,
    `${JSON.stringify(message)}\n{"level":30,"event":"ready","msg":"ready"}\n`,
  );
  home.write('keys/extra.key', Buffer.from(WORD).toString('base64'));
  home.write(`audit/daemon.${WORD}.jsonl`, `${WORD}\n`);
  home.write(
    'bundle.yaml',
    `${readFileSync(home.path('checkrd.yaml'), 'utf8')}log: { file: logs/${WORD}.log }\noperators_group: ${WORD}\n`,
  );
  const env = {
    CHECKRD_AGENT_KEY: `${WORD}-key`,
    [`CHECKRD_${WORD.toUpperCase()}`]: WORD,
    API_TOKEN: WORD,
    CHECKRD_ENFORCE: 'true',
  };
  return { home, env };
}

test('no byte of a secret, a name or an address is in a bundle, whichever source it stands in', async t => {
  const { home, env } = await plantedHome(t);
  const out = home.path('bundle.tar.gz');
  const ran = await cli(['support-bundle', '--out', out, '--config', home.path('bundle.yaml'), '--json'], { env });
  assert.equal(ran.code, 0, ran.err);
  assert.equal(statSync(out).mode & 0o777, 0o600);
  const { files, text } = unpack(out);
  const root = home.dir.split('/').at(-1) ?? '';
  const keys = readdirSync(home.path('keys')).map(name => readFileSync(home.path('keys', name), 'utf8').trim());
  assert.ok(keys.length > 2);
  const forms = [WORD, Buffer.from(WORD).toString('base64').slice(0, 8), Buffer.from(WORD).toString('hex')];
  const parts = [...forms, root, ...keys];
  for (const secret of hostname().length > 4 ? [...parts, hostname()] : parts)
    assert.ok(!text.includes(secret.toLowerCase()), `${secret} is in it`);

  // And yet it says what a report needs.
  const of = (name: string) => JSON.parse(files.get(`checkrd-support/${name}`) ?? 'null');
  assert.deepEqual(
    [...files.keys()].map(name => name.replace('checkrd-support/', '')),
    [
      ...[
        'manifest.json',
        'machine.json',
        'environment.json',
        'doctor.json',
        'settings.json',
        'status.json',
        'check.json',
      ],
      ...['records.json', 'messages.json', 'metrics.txt', 'disk.json', 'process.json'],
    ],
  );
  assert.deepEqual(of('environment.json'), { set: ['CHECKRD_AGENT_KEY', 'CHECKRD_ENFORCE'], unknown: 1 });
  assert.equal(of('check.json').files[0].errors[0].code, 'effect_count');
  assert.equal(of('status.json').daemon.counters.denied, 2);
  const types = (of('records.json') as { records: { type: string; code?: string }[] }[]).flatMap(log => log.records);
  assert.deepEqual(
    types.filter(({ type }) => type === 'decision').map(({ code }) => code),
    ['rule_allowed', 'default_denied', 'kill_switch'],
  );
  assert.equal(of('messages.json')[0].event, '<withheld>');
  assert.equal(of('messages.json')[1].event, 'ready');
  const hashed = of('settings.json').daemon.agents[0].id as string;
  assert.match(hashed, /^agent-[0-9a-f]{12}$/);
  assert.match(
    files.get('checkrd-support/metrics.txt') ?? '',
    new RegExp(`^checkrd_decisions_total\\{agent="${hashed}"`, 'm'),
  );
  assert.equal(of('process.json').threads > 1, true);
  const manifest = of('manifest.json');
  assert.deepEqual(
    manifest.contains.map((part: { name: string }) => part.name),
    [...files.keys()].slice(1).map(name => name.replace('checkrd-support/', '')),
  );
  assert.deepEqual(JSON.parse(ran.out), { ok: true, path: out, ...manifest });

  const again = await cli(['support-bundle', '--out', out, '--config', home.path('bundle.yaml')], { env });
  assert.equal(again.code, 2, 'it never writes over a file');
  assert.match(again.err, /EEXIST/);

  const asked = home.path('asked.tar.gz');
  const more = ['--with-policy', '--with-names', '--out', asked, '--config', home.path('bundle.yaml')];
  assert.equal((await cli(['support-bundle', ...more], { env })).code, 0);
  const full = unpack(asked);
  assert.ok(full.files.get('checkrd-support/policy/00.yaml')?.startsWith(POLICY));
  assert.ok(full.files.has('checkrd-support/policy/01.yaml'));
  assert.ok(full.files.get('checkrd-support/settings.json')?.includes(`"${WORD}-agent"`));
  assert.ok(!full.text.includes('token='), 'addresses never are');
  for (const key of keys) assert.ok(!full.text.includes(key.toLowerCase()));
});

test('settings that do not load, and an empty folder: a bundle all the same', async t => {
  const home = new Home({ 'checkrd.yaml': `${WORD}: ${WORD}\n`, 'empty/checkrd.yaml': '' });
  t.after(() => home.remove());
  mkdirSync(home.path('out'));
  for (const [name, missing] of [
    ['checkrd.yaml', 'settings and all that they name'],
    ['empty/checkrd.yaml', 'metrics.txt'],
  ] as const) {
    const out = home.path('out', name.replace('/', '-'));
    const ran = await cli(['support-bundle', '--config', home.path(name), '--out', out, '--json']);
    assert.equal(ran.code, 0, ran.err);
    const { text } = unpack(out);
    assert.ok(!text.includes(WORD));
    assert.ok((JSON.parse(ran.out) as { left_out: { what: string }[] }).left_out.some(({ what }) => what === missing));
  }
});
