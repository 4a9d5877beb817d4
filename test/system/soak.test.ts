/**
 * A minute of what test/prove/soak.test.ts does for half an hour: a thousand decisions a second for several agents while
 * policies, switch and log files turn. Every answer is what was in force, the log has each once, nothing stays open.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { notRoot } from '../support/nobody.js';
import { isFlat, saidNothingElse } from '../support/soak/flat.js';
import { sameAsTold } from '../support/soak/log.js';
import { type Soak, soaked } from '../support/soak/soak.js';

const missing = spawnSync('logrotate', ['--version']).error === undefined ? false : 'no logrotate on this machine';
const seed = Number(process.env.SEED ?? 7);
const RSS_MAX_MIB = 256;

test('40 seconds, turned over by logrotate', { skip: notRoot || missing }, t => soak(t, 40, 'logrotate'));

test('20 seconds, turned over by itself', { skip: notRoot }, t => soak(t, 20, { bytes: 2 * 1024 * 1024 }));

async function soak(t: TestContext, seconds: number, by: Soak['by']) {
  const got = await soaked(t, { seconds, perSecond: 1000, seed, turnEveryMs: 7_000, by });
  assert.deepEqual(got.tally.wrongs, []);
  assert.deepEqual(got.counters.by_code, got.tally.codes);
  const types = await sameAsTold(got);
  assert.ok((types.segment_opened ?? 0) > 0, 'the log was turned over');
  saidNothingElse(got.said);
  // A heap is still finding its size after a minute: only its bound is told here.
  isFlat(t, got.samples, RSS_MAX_MIB, null);
}
