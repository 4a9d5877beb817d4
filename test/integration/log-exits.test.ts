/**
 * Promise: however a program ends, no record is lost: the decision stands before the call leaves, the outcome where it is
 * known, and the log verifies. Programs are real processes that run the built library.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Checkrd } from 'checkrd';
import { verify } from '#src/cli/verify.js';
import { anchorOf } from '../support/anchor.js';
import { runCommand } from '../support/cli-command.js';
import { Home } from '../support/home.js';
import { upstream } from '../support/upstream.js';

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;
}

function program(home: Home, source: string, ...args: string[]): Promise<Ended> {
  const env = { ...process.env, CHECKRD_CONFIG_DIR: home.dir, CHECKRD_AGENT_ID: 'exits' };
  const text = `import { Checkrd } from 'checkrd';\nconst [origin] = process.argv.slice(1);\n${source}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text, ...args], { env });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', piece => {
      said += piece;
    });
  return new Promise(resolve => child.once('close', (code, signal) => resolve({ code, signal, said })));
}

async function intact(home: Home): Promise<void> {
  const folder = home.path('audit');
  const files = readdirSync(folder).filter(name => /^exits[^/]*\.jsonl$/.test(name));
  for (const path of files.map(name => home.path('audit', name))) {
    const run = await runCommand(verify, ['--key', anchorOf(home.path('keys'), path), path]);
    assert.equal(run.code, 0, run.out.join('\n'));
  }
}

const CALLS = `
const checkrd = new Checkrd();
const guarded = checkrd.wrap(fetch);
for (let n = 0; n < 3; n++) await (await guarded(origin + '/' + n)).text();
`;

const ENDS: readonly { name: string; source: string; code?: number; signal?: NodeJS.Signals; stopped: boolean }[] = [
  { name: 'the last line', source: CALLS, code: 0, stopped: true },
  {
    name: 'close, and once more',
    source: `${CALLS} await checkrd.close(); await checkrd.close();`,
    code: 0,
    stopped: true,
  },
  { name: 'process.exit', source: `${CALLS} process.exit(7);`, code: 7, stopped: true },
  { name: 'an exception', source: `${CALLS} setTimeout(() => { throw new Error('x'); }, 1);`, code: 1, stopped: true },
  { name: 'a rejection', source: `${CALLS} Promise.reject(new Error('x'));`, code: 1, stopped: true },
  {
    name: 'SIGTERM',
    source: `${CALLS} process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 9);`,
    signal: 'SIGTERM',
    stopped: false,
  },
  { name: 'abort', source: `${CALLS} process.abort();`, signal: 'SIGABRT', stopped: false },
];

for (const { name, source, code = null, signal = null, stopped } of ENDS) {
  test(`ended by ${name}`, async t => {
    const home = new Home({
      'policy.yaml': 'default: allow\nrules: []\n',
      'checkrd.yaml': 'audit: { url_path: raw }\n',
    });
    const server = await upstream();
    t.after(async () => {
      await server.close();
      home.remove();
    });
    const ended = await program(home, source, server.origin);
    assert.deepEqual([ended.code, ended.signal], [code, signal], ended.said);
    const records = home.records('exits');
    const of = (type: string) => records.filter(record => record.type === type);
    assert.deepEqual(
      of('decision').map(({ url_path }) => url_path),
      ['/0', '/1', '/2'],
    );
    assert.deepEqual(
      of('outcome').map(({ result }) => result),
      ['ok', 'ok', 'ok'],
    );
    assert.equal(of('agent_stopped').length, stopped ? 1 : 0);
    // What a signal ended before its first checkpoint, the next start signs.
    if (!stopped) await new Checkrd({ agentId: 'exits', configDir: home.dir }).close();
    await intact(home);
    assert.deepEqual(
      readdirSync(home.path('audit')).filter(file => file.endsWith('.jsonl')),
      ['exits.jsonl'],
    );
  });
}

test('ended in the middle of a call: its decision is there, and its outcome is', async t => {
  const home = new Home({ 'policy.yaml': 'default: allow\nrules: []\n' });
  const server = await upstream(() => {});
  t.after(async () => {
    await server.close();
    home.remove();
  });
  const ended = await program(
    home,
    'const checkrd = new Checkrd(); void checkrd.wrap(fetch)(origin).catch(() => {}); setTimeout(() => process.exit(0), 200);',
    server.origin,
  );
  assert.equal(ended.code, 0, ended.said);
  const records = home.records('exits');
  assert.equal(records.filter(({ type }) => type === 'decision').length, 1);
  assert.deepEqual(
    records.filter(({ type }) => type === 'outcome').map(({ result }) => result),
    ['aborted'],
  );
  await intact(home);
});

const LOADED_TWICE = JSON.stringify(`${pathToFileURL('dist/index.js')}?again`);
const TWO: readonly { name: string; source: string }[] = [
  {
    name: 'the same module loaded twice',
    source: `
const again = await import(${LOADED_TWICE});
const both = [new Checkrd(), new again.Checkrd()];
for (const checkrd of both) await checkrd.wrap(fetch)(origin + '/x');
for (const checkrd of both) await checkrd.close();`,
  },
  {
    name: 'a worker thread',
    source: `
import { Worker } from 'node:worker_threads';
const checkrd = new Checkrd();
const text = "import('checkrd').then(async ({ Checkrd }) => { const c = new Checkrd(); await c.wrap(fetch)(" +
  JSON.stringify(origin + '/x') + "); await c.close(); })";
const worker = new Worker(text, { eval: true });
await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
await checkrd.wrap(fetch)(origin + '/x');
await checkrd.close();`,
  },
  {
    name: 'a worker thread that is terminated in the middle',
    source: `
import { Worker } from 'node:worker_threads';
const checkrd = new Checkrd();
const text = "import('checkrd').then(async ({ Checkrd }) => { const c = new Checkrd(); await c.wrap(fetch)(" +
  JSON.stringify(origin + '/x') + "); (await import('node:worker_threads')).parentPort.postMessage(1); setInterval(() => {}, 9); })";
const worker = new Worker(text, { eval: true });
await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
await worker.terminate();
await checkrd.wrap(fetch)(origin + '/x');
await checkrd.close();`,
  },
  {
    name: 'a forked child with the same agent ID',
    source: `
import { spawn } from 'node:child_process';
const checkrd = new Checkrd();
const text = "import { Checkrd } from 'checkrd'; const c = new Checkrd(); await c.wrap(fetch)(" +
  JSON.stringify(origin + '/x') + "); await c.close();";
const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: 'inherit' });
await new Promise(resolve => child.once('exit', resolve));
await checkrd.wrap(fetch)(origin + '/x');
await checkrd.close();`,
  },
];

for (const { name, source } of TWO) {
  test(`${name}: a log of its own, both whole`, async t => {
    const home = new Home({ 'policy.yaml': 'default: allow\nrules: []\n' });
    const server = await upstream();
    t.after(async () => {
      await server.close();
      home.remove();
    });
    const ended = await program(home, source, server.origin);
    assert.equal(ended.code, 0, ended.said);
    const logs = readdirSync(home.path('audit')).filter(file => file.endsWith('.jsonl'));
    assert.equal(logs.length, 2, logs.join(' '));
    for (const file of logs) {
      const records = home.records(file.replace(/\.jsonl$/, ''));
      assert.equal(records.filter(({ type }) => type === 'decision').length, 1, file);
    }
    await intact(home);
  });
}
