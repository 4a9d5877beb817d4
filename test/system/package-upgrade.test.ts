// The daemon of a package while its files go: an upgrade takes the old ones away before it restarts what runs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { tempFolder } from '../support/temp.js';
import { ask } from '../support/unix-http.js';
import { until } from '../support/until.js';

interface Builder {
  bundleProgram(root: string, out: string): Promise<string[]>;
}

const ASKED = JSON.stringify({ request: { method: 'GET', url: 'https://api.test/x' } });

/** Compiled in a worker when it is saved; its tests run there, in the engine. */
const policy = (verb: string) => `default: deny
rules:
  - name: reads
    ${verb}: { method: GET, url: api.test/x }
tests:
  - name: it does
    request: { method: GET, url: https://api.test/x }
    expect: { result: ${verb} }
`;

test('it decides, reloads, is stopped by the switch, rotates and ends with its files gone', {
  timeout: 600_000,
}, async t => {
  const folder = tempFolder(t);
  const installed = join(folder, 'installed');
  const { bundleProgram } = (await import(pathToFileURL(resolve('packaging/program.mjs')).href)) as Builder;
  await bundleProgram(process.cwd(), installed);
  writeFileSync(join(folder, 'policy.yaml'), policy('allow'));
  writeFileSync(
    join(folder, 'checkrd.yaml'),
    'policy: policy.yaml\nlog: { file: log/operations.log }\ndaemon: { agents: [{ id: crm }], drain_timeout: 1 }\n',
  );
  const main = join(installed, 'dist/cli/main.cjs');
  const child = spawn(process.execPath, [main, 'daemon', '--config', join(folder, 'checkrd.yaml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
  });
  const exit = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  const said = (): string =>
    existsSync(join(folder, 'log'))
      ? readdirSync(join(folder, 'log'))
          .map(name => readFileSync(join(folder, 'log', name), 'utf8'))
          .join('')
      : '';
  await until('ready', () => child.exitCode !== null || said().includes('"msg":"ready"'));
  assert.equal(child.exitCode, null, stderr + said());

  // Everything but the files that stay in their places from one version to the next.
  for (const shared of ['dist/shared', 'dist/cli/shared']) rmSync(join(installed, shared), { recursive: true });
  rmSync(main);

  const socket = join(folder, 'agent/crm.sock');
  const code = async () => (await ask(socket, '/v1/decide', ASKED)).body.code;
  assert.equal(await code(), 'rule_allowed');
  writeFileSync(join(folder, 'policy.yaml'), policy('deny'));
  await until('the new policy', async () => (await code()) === 'rule_denied');
  writeFileSync(join(folder, 'killswitch'), '');
  assert.equal(await code(), 'kill_switch');
  rmSync(join(folder, 'killswitch'));
  const log = join(folder, 'audit/daemon.jsonl');
  renameSync(log, `${log}.1`);
  child.kill('SIGHUP');
  await until('the next file of the log', () => existsSync(log));
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null], stderr + said());
  assert.doesNotMatch(stderr + said(), /ERR_MODULE_NOT_FOUND|Cannot find/);
});
