/** docs/daemon.md: its curl lines are sent to a real daemon and answer as written; its settings and its policy load. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { resolveSettings } from '#src/core/config/resolve.js';
import { fencedBlocks } from '../support/fenced.js';
import { ask } from '../support/unix-http.js';
import { until } from '../support/until.js';

const PATH = 'docs/daemon.md';
const CURL = /^curl --unix-socket (?<socket>\S+) http:\/\/checkrd(?<path>\/\S+)(?: -d '(?<body>.*)')?$/;
const blocks = fencedBlocks(PATH);
const [settings, policy] = blocks.filter(b => b.language === 'yaml');

test('the settings load', () => {
  const got = resolveSettings({
    face: 'daemon',
    options: {},
    env: {},
    file: { path: '/etc/checkrd/checkrd.yaml', text: settings?.text ?? '' },
    configDir: '/etc/checkrd',
    home: '/root',
    cwd: '/',
  });
  assert.ok(got.ok, JSON.stringify(got));
});

test('every curl line answers as written', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-'));
  writeFileSync(join(folder, 'policy.yaml'), policy?.text ?? '');
  writeFileSync(join(folder, 'checkrd.yaml'), 'daemon: { agents: [{ id: crm }, { id: billing }], drain_timeout: 0 }\n');
  mkdirSync(join(folder, 'audit'));
  const child = spawn(process.execPath, ['dist/cli/main.js', 'daemon', '--config', join(folder, 'checkrd.yaml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH },
  });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  let said = '';
  child.stderr.on('data', part => {
    said += part;
  });
  await until('ready', () => said.includes('"msg":"ready"'));

  let requestId = '';
  let sent = 0;
  for (const [i, block] of blocks.entries()) {
    if (block.language !== 'sh') continue;
    const got = CURL.exec(block.text.trim())?.groups;
    assert.ok(got, `${PATH}:${block.line}`);
    const { socket = '', path = '', body } = got;
    const at = join(folder, socket.includes('/agent/') ? join('agent', basename(socket)) : basename(socket));
    const answer = await ask(at, path, body?.replace('REQUEST_ID', requestId) ?? null);
    if (answer.body.result === 'allow') requestId = String(answer.body.request_id);
    const shown = answer.text.trim().replace(/"request_id":"[^"]+"/, '"request_id":"…"');
    const status = answer.status === 200 ? '' : `${answer.status} `;
    assert.equal(blocks[i + 1]?.language, 'json');
    assert.equal(`${status}${shown}`, blocks[i + 1]?.text.trim(), `${PATH}:${block.line}`);
    sent++;
  }
  assert.ok(sent >= 6);
});

test('every status that the daemon answers is named', () => {
  const text = readFileSync(PATH, 'utf8');
  for (const file of ['http.ts', 'decide-routes.ts', 'health.ts']) {
    const source = readFileSync(join('src/daemon', file), 'utf8');
    for (const [, status] of source.matchAll(/(?:fail\(|status: )(\d{3})/g))
      assert.ok(status === '200' || text.includes(`| ${status} `), `${file}: ${status}`);
  }
});
