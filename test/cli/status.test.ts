// T-113, T-114: what `status` says of guarded processes, and what it makes of a folder into which others have written.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Checkrd } from 'checkrd';
import { listProcesses, PROCESSES_MAX, sweepProcesses } from '#src/agent/process-folder.js';
import { LIMITS } from '#src/core/status/limits.js';
import { PROCESS_FILE_MAX_BYTES } from '#src/core/status/process-report.js';
import { ownIdentity } from '#src/disk/thread-identity.js';
import { asNobody, giveAway } from '../support/as-nobody.js';
import { cli } from '../support/cli.js';
import { DaemonHome } from '../support/daemon-home.js';
import { Home } from '../support/home.js';
import { processReport } from '../support/process-report.js';
import { until } from '../support/until.js';
import { registerFlags } from '../support/ways-out.js';

const POLICY = 'default: deny\nrules: [{ name: a, allow: { url: "a.test/**" } }]\n';
const PROGRAM = `
import { spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
let worker;
process.stdin.setEncoding('utf8').on('data', async said => {
  if (said === 'run') spawnSync('true');
  if (said === 'thread') worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
  if (said === 'terminate') await worker.terminate();
  if (said === 'end') process.exit(0);
  console.log(said);
});
console.log('begun');
`;

interface Status {
  readonly ok: boolean;
  readonly processes: {
    readonly path: string;
    readonly error: string | null;
    readonly stale: number;
    readonly refused: number;
    readonly newer: number;
    readonly unread: number;
    readonly living: readonly {
      readonly pid: number;
      readonly thread: number;
      readonly lives: true | null;
      readonly agent_id: string;
      readonly policy_sha256: string;
      readonly limits: readonly string[];
      readonly coverage: readonly { way: string; state: string; passed: number; note: string | null }[];
      readonly counters: { readonly denied: number };
    }[];
  };
  readonly policy: { readonly in_force: readonly { sha256: string; by: readonly string[] }[] };
  readonly unseen: readonly { path: string }[];
  readonly wrong: readonly string[];
  readonly notable: readonly string[];
}

function homeOf(t: TestContext, settings = ''): { home: Home; at: { env: Record<string, string> } } {
  const home = new Home({ 'policy.yaml': POLICY, 'checkrd.yaml': `require_separation: false\n${settings}` });
  t.after(() => home.remove());
  return { home, at: { env: { CHECKRD_CONFIG_DIR: home.dir } } };
}

async function asked(at: { env: Record<string, string> }): Promise<Status & { code: number }> {
  const { code, out } = await cli(['status', '--json'], at);
  return { ...(JSON.parse(out) as Status), code };
}

function listed(home: Home): ReturnType<typeof listProcesses>['processes'] {
  return listProcesses(home.path('state')).processes;
}

interface Guarded {
  readonly child: ChildProcess;
  say(text: string): Promise<void>;
}

async function guarded(t: TestContext, home: Home, flags: readonly string[] = []): Promise<Guarded> {
  home.write('program.mjs', PROGRAM);
  const child = spawn(process.execPath, [...flags, ...registerFlags(), home.path('program.mjs')], {
    env: { PATH: process.env.PATH, CHECKRD_CONFIG_DIR: home.dir, CHECKRD_AGENT_ID: 'crm-agent' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const done = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await done;
  });
  let heard = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
  });
  await until('begun', () => heard.includes('begun'));
  const say = async (text: string): Promise<void> => {
    child.stdin?.write(text);
    await until(text, () => heard.includes(`${text}\n`));
  };
  return { child, say };
}

test('a guarded process is listed with its ways and limits from its first line, with what passes, and until it ends', async t => {
  const { home, at } = homeOf(t);
  const { child, say } = await guarded(t, home);
  const first = await asked(at);
  assert.equal(first.code, 0, first.notable.join());
  const [row] = first.processes.living;
  assert.deepEqual([row?.pid, row?.thread, row?.lives, row?.agent_id], [child.pid, child.pid, true, 'crm-agent']);
  const stateOf = (of: Status, way: string) => of.processes.living[0]?.coverage.find(one => one.way === way)?.state;
  assert.equal(stateOf(first, 'fetch'), 'wrapped');
  assert.equal(stateOf(first, 'sockets'), 'wrapped');
  assert.equal(stateOf(first, 'processes'), 'seen');
  assert.deepEqual(
    row?.limits,
    Object.keys(LIMITS).filter(limit => !['fetch_only', 'preloaded', 'unsynced_ways'].includes(limit)),
  );
  assert.deepEqual(first.policy.in_force, [{ sha256: row?.policy_sha256, by: [`pid ${child.pid}`] }]);

  await say('run');
  await say('thread');
  await until('the file says so', () => listed(home).some(one => one.coverage.some(row => row.state === 'bypassed')));
  // In report coverage it is said, and is no news.
  const { code, out } = await cli(['status'], at);
  assert.equal(code, 0, out);
  assert.match(out, /^process {3}pid \d+ crm-agent: processes bypassed \(1, last: started true\); .* 7 ways wrapped$/m);
  assert.match(out, /^limits {4}native_code, debugger, .*, files \(docs\/register\.md\)$/m);
  const screen = (await cli(['status'], { ...at, tty: true })).out;
  const lines = screen.trimEnd().split('\n');
  assert.ok(lines.length <= 24, screen);
  for (const line of lines) assert.ok(line.length <= 100 || line.includes(home.dir), line);

  await until('the thread', () => listed(home).length === 2);
  const thread = (await asked(at)).processes.living.find(one => one.thread !== child.pid);
  assert.equal(thread?.pid, child.pid);
  await say('terminate');
  await until('its end', () => listed(home).length === 1);
  child.stdin?.write('end');
  await once(child, 'exit');
  // A thread that is terminated is told nothing: its file stays for the next start.
  const { processes, stale } = listProcesses(home.path('state'));
  assert.deepEqual([processes.length, stale], [0, 1]);
});

test('what was bypassed where coverage is strict is something to know; who was killed is counted until the next start', async t => {
  const { home, at } = homeOf(t, 'egress: { coverage: strict }\n');
  const { child } = await guarded(t, home, ['--inspect=127.0.0.1:0']);
  const { code, notable } = await asked(at);
  assert.equal(code, 1);
  assert.match(
    notable.join('\n'),
    /^coverage: pid \d+ crm-agent: inspector bypassed \(1, last: the inspector was open from the start\), where/m,
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  const dead = await asked(at);
  assert.deepEqual([dead.processes.living.length, dead.processes.stale, dead.code], [0, 1, 0]);
  assert.match((await cli(['status'], at)).out, /^left {6}1 file of ended processes in /m);
  assert.equal(readdirSync(home.path('state/processes')).length, 1);

  const checkrd = new Checkrd({ agentId: 'next', configDir: home.dir });
  const next = await asked(at);
  assert.equal(next.processes.stale, 0);
  assert.deepEqual(
    next.processes.living.map(one => [one.agent_id, one.limits.includes('fetch_only')]),
    [['next', true]],
  );
  assert.match(
    (await cli(['status'], at)).out,
    /^process {3}pid \d+ next: nobody watches but what the program wraps$/m,
  );
  await checkrd.close();
  assert.deepEqual(readdirSync(home.path('state/processes')), []);
});

test('a number that is used again, another start of the machine and a thread that is gone are over; another container is not known', t => {
  const { home } = homeOf(t);
  const own = ownIdentity();
  const lives = (identity: object): number[] => {
    home.write('state/processes/00000000000000aa.json', processReport({ identity: { ...own, ...identity } }));
    const { processes, stale } = listProcesses(home.path('state'));
    return [
      processes.filter(one => one.life === 'lives').length,
      processes.filter(one => one.life === 'unknown').length,
      stale,
    ];
  };
  assert.deepEqual(lives({}), [1, 0, 0]);
  if (own.startTicks === null) return t.skip('this system has no /proc');
  assert.deepEqual(lives({ startTicks: own.startTicks - 1 }), [0, 0, 1]);
  assert.deepEqual(lives({ startTicks: null }), [0, 0, 1]);
  assert.deepEqual(lives({ bootId: '0' }), [0, 0, 1]);
  assert.deepEqual(lives({ tid: 2 ** 30 }), [0, 0, 1]);
  assert.deepEqual(lives({ pid: 2 ** 30, tid: 2 ** 30 }), [0, 0, 1]);
  assert.deepEqual(lives({ pidNamespace: 'pid:[1]' }), [0, 1, 0]);
});

test('what else lies in the folder is counted, never followed, waited for or believed', async t => {
  const { home, at } = homeOf(t);
  const folder = home.path('state/processes');
  const own = ownIdentity();
  const report = (id: string, more: object = {}) => processReport({ instanceId: id, identity: own, ...more });
  const put = (name: string, text: string) => home.write(`state/processes/${name}`, text);
  put(
    '00000000000000aa.json',
    report('00000000000000aa', {
      coverage: [{ way: 'fetch', state: 'bypassed', passed: 1, note: '\u001b[2J\n\u202egone' }],
    }),
  );
  put('00000000000000ab.json', report('00000000000000ac'));
  put('00000000000000ad.json', `${report('00000000000000ad')}${' '.repeat(PROCESS_FILE_MAX_BYTES)}`);
  put('00000000000000ae.json', '{"v":1');
  put('00000000000000af.json', JSON.stringify({ v: 2 }));
  put('\u001b[31m.json', report('00000000000000b0'));
  put('00000000000000b1.json.tmp', 'half');
  home.write('elsewhere.json', report('00000000000000b2'));
  symlinkSync(home.path('elsewhere.json'), home.path('state/processes/00000000000000b2.json'));
  execFileSync('mkfifo', [home.path('state/processes/00000000000000b3.json')]);
  mkdirSync(home.path('state/processes/00000000000000b4.json'));
  let refused = 7;
  if (process.getuid?.() === 0) {
    put('00000000000000b5.json', report('00000000000000b5'));
    chownSync(home.path('state/processes/00000000000000b5.json'), 65_534, 65_534);
    refused++;
  }
  const said = await asked(at);
  const { living, ...counts } = said.processes;
  assert.deepEqual(counts, { path: folder, error: null, stale: 0, refused, newer: 1, unread: 0 });
  assert.equal(living.length, 1);
  assert.equal(said.code, 1);
  assert.match(
    said.notable.join('\n'),
    new RegExp(`^processes: ${refused} of the files in .* look who put them there$`, 'm'),
  );
  const { out } = await cli(['status'], at);
  assert.match(out, /fetch bypassed \(1, last: {2}\[2J {2}gone\)/);
  assert.ok(![...out].some(one => one === '\u001b' || one === '\u202e'));

  // Nor does a start take away what is not its own to take.
  sweepProcesses(home.path('state'));
  assert.equal(readdirSync(folder).length, refused + 3);
  rmSync(folder, { recursive: true });
  symlinkSync(home.dir, folder);
  assert.equal((await asked(at)).processes.error, 'ENOTDIR');
});

test('a process that fails is wrong; one that is silent, degraded, permissive or switched off is something to know', async t => {
  const { home, at } = homeOf(t);
  const put = (more: Parameters<typeof processReport>[0]) =>
    home.write('state/processes/00000000000000aa.json', processReport({ identity: ownIdentity(), ...more }));
  const rows: readonly [Parameters<typeof processReport>[0], number, RegExp][] = [
    [{}, 0, /^$/],
    [{ state: 'failing' }, 2, /^process: pid \d+ crm is failing: its log \/var\/log\/crm\.jsonl/],
    [{ state: 'degraded' }, 1, /^process: pid \d+ crm is degraded$/],
    [{ mode: 'permissive' }, 1, /^process: pid \d+ crm is permissive$/],
    [{ mode: 'disabled' }, 1, /^process: pid \d+ crm is disabled$/],
    [{ writtenMs: Date.now() - 300_000 }, 1, /^process: pid \d+ crm has said nothing for 5 min: it hangs, or cannot/],
    [{ writtenMs: Date.now() + 300_000 }, 0, /^$/],
  ];
  for (const [more, exit, said] of rows) {
    put(more);
    const { code, wrong, notable } = await asked(at);
    assert.deepEqual([code, wrong.length + notable.length], [exit, exit === 0 ? 0 : 1], JSON.stringify(more));
    assert.match([...wrong, ...notable].join('\n'), said);
  }
});

test('more files than it looks at are not passed over in silence', async t => {
  const { home, at } = homeOf(t);
  mkdirSync(home.path('state/processes'), { recursive: true });
  home.write('empty', '');
  for (let n = 0; n < PROCESSES_MAX + 5; n++)
    linkSync(home.path('empty'), home.path('state/processes', `${String(n).padStart(16, '0')}.json`));
  const { processes, notable } = await asked(at);
  assert.deepEqual([processes.refused, processes.unread], [PROCESSES_MAX, 5]);
  assert.match(notable.join('\n'), /5 files in .* were not looked at/);
});

test('a user who may not look says what he could not see; where nothing is installed it says so', async t => {
  const home = new DaemonHome(t, {
    'policy.yaml': POLICY,
    'checkrd.yaml': 'require_separation: false\ndaemon: { agents: [{ id: crm }], drain_timeout: 0 }\n',
  });
  const at = { env: { CHECKRD_CONFIG_DIR: home.dir } };
  const before = await asked(at);
  assert.equal(before.code, 2);
  assert.match(before.wrong.join('\n'), /^daemon: no socket at .*, and the settings name agents that ask there$/m);
  const daemon = await home.start();
  await home.decide('crm');
  await home.decide('crm', 'https://a.test/x');
  const { counters } = (await home.ask('main', '/healthz')).body as { counters: Record<string, unknown> };
  const { log_bytes: logBytes, checkpoint_age_s: age, ...counts } = counters;
  assert.equal(typeof logBytes, 'number');
  assert.ok(age === null || Number.isInteger(age));
  const none = { allowed: 0, denied: 0, observed: 0, by_code: {}, outcomes: {}, records: 0 };
  assert.deepEqual(counts, {
    ...{ allowed: 1, denied: 1, observed: 0, by_code: { default_denied: 1, rule_allowed: 1 }, outcomes: {} },
    ...{ reported: none, records: 5, unwritten: 0, policies_loaded: 1, policies_rejected: 0, open_calls: 1 },
  });
  const alive = await cli(['status'], at);
  assert.match(alive.out, /^daemon {4}ok, pid \d+, up \d+ s$/m);
  assert.match(
    alive.out,
    /^calls {5}daemon: 1 allowed, 1 denied, 0 denied and let through \(default_denied 1\); 1 open$/m,
  );
  assert.match(alive.out, /^in force {2}[0-9a-f]{64} \(daemon\)$/m);
  assert.ok((await cli(['status'], { ...at, tty: true })).out.split('\n').length <= 24);

  daemon.kill('SIGKILL');
  await daemon.exit;
  const dead = await asked(at);
  assert.equal(dead.code, 2);
  assert.match(dead.wrong.join('\n'), /^daemon: .* does not answer \(ECONNREFUSED\)$/m);

  giveAway(home.path('policy.yaml'));
  chmodSync(home.dir, 0o755);
  chmodSync(home.path('policy.yaml'), 0o644);
  chmodSync(home.path('checkrd.yaml'), 0o644);
  chmodSync(home.path('state'), 0);
  const main = `${process.cwd()}/dist/cli/main.js`;
  const seen = asNobody(
    `process.argv[2] = 'status'; process.argv[3] = '--json'; await import(${JSON.stringify(main)});`,
    { CHECKRD_CONFIG_DIR: home.dir },
  );
  const said = JSON.parse(seen.out) as Status;
  assert.deepEqual(
    said.unseen.map(({ path }) => path).filter(path => path === home.path('state')),
    [home.path('state')],
    seen.err,
  );
  assert.equal(said.processes.error, 'EACCES');
  chmodSync(home.path('state'), 0o700);

  const nowhere = await cli(['status'], { env: { CHECKRD_CONFIG_DIR: home.path('nowhere') } });
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.out, /^note: nothing is installed at .*nowhere \(`checkrd init` begins\)$/m);
});

test('where its file cannot be written a process says so, and its calls go on', async t => {
  const { home } = homeOf(t);
  home.write('state/processes', 'no folder');
  const server = createServer(socket =>
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
  );
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const checkrd = new Checkrd({ agentId: 'a', configDir: home.dir, policy: { default: 'allow', rules: [] } });
  t.after(() => checkrd.close());
  t.after(() => server.close());
  assert.equal((await checkrd.wrap()(`http://127.0.0.1:${port}/`)).status, 200);
  const { processFile, counters, state } = checkrd.healthy();
  assert.deepEqual(processFile?.error, 'EEXIST');
  assert.match(processFile?.path ?? '', /state\/processes\/[0-9a-f]{16}\.json$/);
  assert.deepEqual([state, counters.decisions.length], ['ok', 1]);
});

test('docs/register.md lists the limits that status names', () => {
  const text = readFileSync('docs/register.md', 'utf8');
  const section = text.slice(text.indexOf('## What is not covered'));
  const listed = [...section.matchAll(/^- `([a-z_]+)`: /gm)].map(([, code]) => code);
  assert.deepEqual(listed, Object.keys(LIMITS));
});
