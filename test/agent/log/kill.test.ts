// T-52 of THREAT-MODEL.md.
/** Promise: a record whose append has returned is in the log, whatever becomes of the process. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decision, place } from '../../support/audit-log.js';
import { endsWith } from '../../support/ends-with.js';
import { readWhole } from '../../support/read-log.js';
import { until } from '../../support/until.js';

const CHILD = join('build', 'test', 'support', 'log-child.js');

test('kill -9, five times: the log is whole and holds every acknowledged record', async t => {
  const at = place(t);
  const acknowledged: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    const child = spawn(process.execPath, [CHILD, at.folder, 'loop'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = endsWith(t, child);
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until('some records', () => said.length >= 200);
    await sleep(30 + 170 * (round % 3));
    child.kill('SIGKILL');
    assert.equal(await ended, 'SIGKILL');
    acknowledged.push(...said.split('\n').slice(0, -1));
  }
  const log = at.open();
  log.append(decision(1_000_000));
  log.close();
  const records = readWhole(at.path);
  const written = records.filter(r => r.type === 'decision').map(r => (r.request_id as string).slice(2));
  let found = 0;
  for (const id of written) if (id === acknowledged[found]) found += 1;
  assert.equal(found, acknowledged.length, 'every acknowledged record, in order');
  assert.ok(acknowledged.length > 200);
});

test('process.exit with an exit handler loses nothing and ends in a checkpoint', t => {
  const at = place(t);
  const run = spawnSync(process.execPath, [CHILD, at.folder, 'exit', '500'], { encoding: 'utf8' });
  assert.equal(run.status, 3, run.stderr);
  const records = readWhole(at.path);
  assert.equal(records.filter(r => r.type === 'decision').length, 500);
  assert.equal(records.at(-1)?.type, 'checkpoint');
  assert.equal(JSON.parse(readFileSync(`${at.path}.state`, 'utf8')).closed, true);
});

test('an open log does not keep a process alive', t => {
  const at = place(t);
  const run = spawnSync(process.execPath, [CHILD, at.folder, 'end', '10'], { encoding: 'utf8', timeout: 120_000 });
  assert.equal(run.status, 0, run.stderr);
  assert.equal(readWhole(at.path).filter(r => r.type === 'decision').length, 10);
});
