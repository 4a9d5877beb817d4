// T-92, T-93, T-94: a whole process under `checkrd/register`, as its program meets it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Home } from '../support/home.js';
import { registerFlags, tryWays } from '../support/ways-out.js';

const COVERAGE = pathToFileURL(resolve('dist/agent/coverage.js')).href;
const AGENT = 'registered';

function homeOf(t: TestContext, policy: string, settings: string): { home: Home; env: NodeJS.ProcessEnv } {
  const home = new Home({ 'policy.yaml': policy, 'checkrd.yaml': `require_separation: false\n${settings}` });
  t.after(() => home.remove());
  return { home, env: { ...process.env, CHECKRD_CONFIG_DIR: home.dir, CHECKRD_AGENT_ID: AGENT } };
}

/** Runs a module under the register; what it gives to `say` comes back. */
function run(home: Home, env: NodeJS.ProcessEnv, program: string): Record<string, unknown> {
  home.write('program.mjs', `const say = what => console.log(JSON.stringify(what));\n${program}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...registerFlags(), home.path('program.mjs')], {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(status, 0, stderr);
  return Object.assign(
    {},
    ...stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as object),
  ) as Record<string, unknown>;
}

const PLAIN_WAYS =
  /^(fetch|the global|a dispatcher|http|new http|https|net|Socket|connect|options|a lookup|dns|tls|a Unix|dgram|vm|createR|process\.b|the handle|process\.d|require|insp|an ext)/;

test('no way out of the process itself leads to a forbidden server in strict coverage', async t => {
  const { env } = homeOf(t, 'default: deny\nrules: []\n', 'egress: { coverage: strict }\n');
  const { tried, code, stderr } = await tryWays(process.execPath, registerFlags(), env, way => PLAIN_WAYS.test(way));
  assert.equal(code, 0, stderr);
  assert.ok(tried.length >= 30);
  for (const { way, said, hits } of tried) {
    assert.equal(hits, 0, way);
    assert.match(said, /^denied: |^absent$|^failed: ERR_UNKNOWN_BUILTIN_MODULE$/, way);
  }
});

test('each API reports a denial as it reports errors, and what is denied is recorded', t => {
  const { home, env } = homeOf(t, 'default: deny\nrules: []\n', 'egress: { coverage: strict }\n');
  const said = run(
    home,
    env,
    `
    import { exec, execFileSync, fork, spawn, spawnSync } from 'node:child_process';
    import dgram from 'node:dgram';
    import dns from 'node:dns';
    import { once } from 'node:events';
    import http from 'node:http';
    import net from 'node:net';
    import { promisify } from 'node:util';
    const code = error => error?.name === 'CheckrdPolicyDenied' ? error.code : String(error);
    const told = target => new Promise(done => {
      const events = [];
      for (const name of ['lookup', 'spawn', 'exit', 'error', 'close']) {
        target.on(name, (...args) => {
          if (name !== 'lookup') events.push(name === 'error' ? code(args[0]) : name);
          if (name === 'close') done(events);
        });
      }
    });
    const never = spawn('no-such-program', ['x']);
    say({ spawnfile: never.spawnfile, spawnargs: never.spawnargs, pid: never.pid, pipes: never.stdout !== null });
    say({ spawn: await told(never), socket: await told(net.connect(9, 'forbidden.example')) });
    // Outside of a promise's turn, the ticks of a turn come before whatever is awaited in it.
    const late = make => new Promise(done => setTimeout(async () => {
      const made = make();
      await null;
      made.on('error', error => done(code(error)));
    }));
    say({ lateSocket: await late(() => net.connect(9, 'forbidden.example')) });
    say({ lateRequest: await late(() => http.get('http://forbidden.example/')) });
    say({ sync: code(spawnSync('ls').error), status: spawnSync('ls').status });
    try { execFileSync('ls'); } catch (error) { say({ file: code(error) }); }
    say({ exec: await promisify(exec)('ls').catch(code) });
    say({ lookup: await promisify(dns.lookup)('forbidden.example').catch(code) });
    say({ resolve: await dns.promises.resolve4('forbidden.example').catch(code) });
    const udp = dgram.createSocket('udp4');
    say({ datagram: await new Promise(done => udp.send('x', 9, '127.0.0.1', error => done(code(error)))) });
    udp.close();
    say({ fetch: await fetch('http://forbidden.example/').catch(code) });
    say({ named: [net.Socket.prototype.connect.name, dns.lookup.length, fetch.name, spawnSync.name].join() });
    `,
  );
  assert.deepEqual(said, {
    spawnfile: 'no-such-program',
    spawnargs: ['no-such-program', 'x'],
    pipes: true,
    spawn: ['default_denied', 'close'],
    socket: ['default_denied', 'close'],
    lateSocket: 'default_denied',
    lateRequest: 'default_denied',
    sync: 'default_denied',
    status: null,
    file: 'default_denied',
    exec: 'default_denied',
    lookup: 'default_denied',
    resolve: 'default_denied',
    datagram: 'default_denied',
    fetch: 'default_denied',
    named: ',3,fetch,spawnSync',
  });
  const decided = home.records(AGENT).filter(record => record.type === 'decision');
  const of = (field: string): unknown[] => [...new Set(decided.map(record => record[field]))].filter(Boolean);
  assert.deepEqual(of('tool').sort(), ['node:child_process', 'node:dgram', 'node:dns']);
  assert.deepEqual(of('url_scheme').sort(), ['http', 'tcp']);
});

test('children and threads are bound by the same files, whatever environment they are given', t => {
  const { home, env } = homeOf(
    t,
    'default: deny\nrules: [{ name: shell, allow: { tool: "node:child_process" } }]\n',
    'egress: { coverage: strict }\n',
  );
  home.write('child.mjs', "fetch('http://forbidden.example/').catch(error => console.log(error.code ?? error.name));");
  const said = run(
    home,
    env,
    `
    import { execFileSync, execSync } from 'node:child_process';
    import { Worker } from 'node:worker_threads';
    const node = process.execPath;
    const child = ${JSON.stringify(home.path('child.mjs'))};
    const evil = { PATH: process.env.PATH, HOME: '/nonexistent', CHECKRD_DISABLED: '1', CHECKRD_CONFIG_DIR: '/nonexistent', NODE_OPTIONS: '' };
    say({ env: String(execFileSync(node, [child], { env: evil })).trim() });
    say({ shell: String(execSync('cd / && "' + node + '" ' + child, { env: evil })).trim() });
    const worker = new Worker(
      "fetch('http://forbidden.example/').catch(e => require('node:worker_threads').parentPort.postMessage(e.code))",
      { eval: true, execArgv: [], env: { CHECKRD_DISABLED: '1' } },
    );
    worker.once('message', code => say({ worker: code }));
    `,
  );
  assert.deepEqual(said, { env: 'default_denied', shell: 'default_denied', worker: 'default_denied' });
});

test('coverage says what passed undecided', t => {
  const { home, env } = homeOf(t, 'default: deny\nrules: []\n', '');
  const said = run(
    home,
    env,
    `
    import { execFileSync } from 'node:child_process';
    import net from 'node:net';
    import { processCoverage } from ${JSON.stringify(COVERAGE)};
    const states = () => Object.fromEntries(processCoverage.list().map(({ way, state }) => [way, state]));
    say({ before: states() });
    execFileSync('true');
    process.binding('tcp_wrap');
    say({ after: states() });
    const { connect } = net.Socket.prototype;
    net.Socket.prototype.connect = function (...args) { return connect.apply(this, args); };
    say({ sockets: processCoverage.list().find(({ way }) => way === 'sockets').note });
    `,
  );
  const wrapped = ['fetch', 'undici', 'http', 'http2', 'sockets', 'unix_sockets', 'threads'].map(way => [
    way,
    'wrapped',
  ]);
  const seen = ['datagrams', 'names', 'processes', 'native', 'inspector'].map(way => [way, 'seen']);
  const before = Object.fromEntries([...wrapped, ...seen]) as Record<string, string>;
  assert.deepEqual(said.before, before);
  assert.deepEqual(said.after, { ...before, processes: 'bypassed', native: 'bypassed' });
  assert.equal(said.sockets, 'another patch lies over it');
});

test('the kill switch ends a raw connection', async t => {
  const { home, env } = homeOf(t, 'default: allow\nrules: []\n', '');
  const server = net.createServer(socket => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  home.write(
    'program.mjs',
    `import net from 'node:net';
    net.connect(${port}, '127.0.0.1').on('connect', () => console.log('open')).on('error', error => console.log(error.code));`,
  );
  const child = spawn(process.execPath, [...registerFlags(), home.path('program.mjs')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  let text = '';
  child.stdout.on('data', data => {
    text += String(data);
    if (text === 'open\n') home.write('killswitch', '');
  });
  assert.deepEqual(await closed, [0, null]);
  assert.equal(text, 'open\nkill_switch\n');
  const outcome = home.records(AGENT).find(record => record.type === 'outcome');
  assert.equal(outcome?.result, 'killed');
});

test('checkrd’s own connection to a daemon is not decided, and another to the same socket is', t => {
  const { home, env } = homeOf(t, 'default: deny\nrules: []\n', 'egress: { coverage: strict }\n');
  const said = run(
    home,
    env,
    `
    import http from 'node:http';
    import net from 'node:net';
    import { RecordsClient } from ${JSON.stringify(pathToFileURL(resolve('dist/handover/records-client.js')).href)};
    const path = ${JSON.stringify(home.path('records.sock'))};
    const server = http.createServer((_asked, answer) => answer.end('{"next":1,"log":"here"}')).listen(path);
    await new Promise(done => server.once('listening', done));
    const client = new RecordsClient(path, 5_000);
    say({ own: (await client.post('{}', true)).is });
    client.close();
    net.connect(path).on('error', error => { say({ other: error.code }); server.close(); });
    `,
  );
  assert.notEqual(said.own, 'silent');
  assert.equal(said.other, 'default_denied');
});

test('a program that cannot be guarded is not started', t => {
  const { home, env } = homeOf(t, 'default: allow\nrules: []\n', 'egress: { coverage: strictt }\n');
  home.write('program.mjs', "console.log('started');");
  const { status, stdout, stderr } = spawnSync(process.execPath, [...registerFlags(), home.path('program.mjs')], {
    env,
    encoding: 'utf8',
  });
  assert.equal(status, 78);
  assert.equal(stdout, '');
  assert.match(stderr, /checkrd: the program is not started: .*egress\.coverage.*\[settings_invalid\]/s);
});

test('a runtime whose fetch cannot be guarded is not taken for a guarded one', t => {
  const { env } = homeOf(t, 'default: deny\nrules: []\n', '');
  const taken = `void globalThis.Headers; globalThis[Symbol.for('undici.globalDispatcher.1')] = undefined`;
  const flags = ['--import', `data:text/javascript,${encodeURIComponent(taken)}`, ...registerFlags()];
  const ran = spawnSync(process.execPath, [...flags, '-e', 'console.log("started")'], { env, encoding: 'utf8' });
  assert.deepEqual([ran.status, ran.stdout], [78, '']);
  assert.match(ran.stderr, /\[runtime_not_guarded\]\n {2}run it with Node/);
});

// T-128
test('the handle of an http2 session that waits for its decision connects to nothing', t => {
  const { home, env } = homeOf(
    t,
    'default: deny\nrules:\n  - { name: own, allow: { method: CONNECT, url: "tcp://localhost:*/" } }\n',
    'egress: { coverage: strict }\n',
  );
  const said = run(
    home,
    env,
    `
    import { executionAsyncResource } from 'node:async_hooks';
    import { once } from 'node:events';
    import http2 from 'node:http2';
    import net from 'node:net';
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    const allowed = net.connect({ port, host: 'localhost', family: 4 });
    const Wrap = await new Promise(resolve => {
      allowed.once('connect', () => resolve(executionAsyncResource().constructor));
    });
    const session = http2.connect('http://127.0.0.1:' + port);
    session.on('error', error => say({ session: error.code }));
    say({ wrap: Wrap.name, handle: session.socket._handle.connect(new Wrap(), '127.0.0.1', port) });
    allowed.destroy();
    server.close();
    `,
  );
  assert.deepEqual(said, { wrap: 'TCPConnectWrap', handle: -13, session: 'default_denied' });
});
