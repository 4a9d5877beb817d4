/** What an agent holds of the process: no descriptor more after many calls and reloads, and never the process itself. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { AGENT, opens, serves } from '../support/agent-under-test.js';
import { cli } from '../support/cli.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';

const policy = (n: number): string => `default: allow\nrules:\n  - { name: r${n}, deny: { url: no.example } }\n`;

/** What is open, without sockets: those are the transport's. */
function open(): number {
  return readdirSync('/proc/self/fd').filter(fd => {
    try {
      return !readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

const RELOADS = 20;
const CALLS_A_RELOAD = 50;

test('1,000 calls while the policy is replaced 20 times leave no descriptor open', async t => {
  const server = await serves(t);
  const { fetch, checkrd, home } = opens(t, policy(0));
  const call = async () => (await fetch(server.origin)).text();
  const reload = async (n: number) => {
    const before = checkrd.healthy().policySha256;
    home.replace('policy.yaml', policy(n));
    await until(`reload ${n}`, () => checkrd.healthy().policySha256 !== before);
  };
  for (let i = 0; i < 20; i++) await call();
  await reload(1);
  const before = open();
  for (let n = 2; n < 2 + RELOADS; n++) {
    await Promise.all([reload(n), ...Array.from({ length: CALLS_A_RELOAD }, call)]);
  }
  await until('as many as before', () => open() <= before);
  assert.equal(checkrd.healthy().inFlight, 0);
  assert.equal(server.got.length, 1_020);
});

test('ten agents, one after the other, leave nothing open', async () => {
  const before = open();
  for (let i = 0; i < 10; i++) {
    const home = new Home({ 'policy.yaml': policy(0) });
    const { Checkrd } = await import('checkrd');
    await new Checkrd({ agentId: AGENT, configDir: home.dir }).close();
    home.remove();
  }
  await until('as many as before', () => open() <= before);
});

const ENDS: readonly (readonly [name: string, end: string, code: number])[] = [
  ['by itself', '', 0],
  ['by process.exit', 'process.exit(3);', 3],
  ['by an error nobody catches', "throw new Error('the end');", 1],
];
for (const [name, end, code] of ENDS) {
  test(`a program that ends ${name} right after a call, without close, loses no record`, async t => {
    const server = await serves(t);
    const home = new Home({ 'policy.yaml': policy(0) });
    t.after(() => home.remove());
    const library = pathToFileURL(resolve('dist/index.js')).href;
    const program = `import { Checkrd } from ${JSON.stringify(library)};
      const checkrd = new Checkrd({ agentId: '${AGENT}' });
      const response = await checkrd.wrap()(${JSON.stringify(server.origin)}, { headers: { connection: 'close' } });
      await response.text();
      ${end}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { PATH: process.env.PATH, CHECKRD_CONFIG_DIR: home.dir },
      stdio: 'ignore',
      // Longer than any machine takes, and shorter than one that is held up for ever.
      timeout: 120_000,
      killSignal: 'SIGKILL',
    });
    const [exit] = (await once(child, 'close')) as [number | null];
    assert.equal(exit, code);
    const records = home.records(AGENT);
    assert.deepEqual(
      records
        .filter(r => r.type !== 'checkpoint' || r === records.at(-1))
        .map(r => r.type)
        .slice(-4),
      ['decision', 'outcome', 'agent_stopped', 'checkpoint'],
    );
    assert.equal(records.find(r => r.type === 'agent_stopped')?.reason, 'exit');
    const ran = await cli(['verify', '--key', home.path('keys/origin.pub'), home.path('audit', `${AGENT}.jsonl`)]);
    assert.equal(ran.code, 0, ran.out);
  });
}
