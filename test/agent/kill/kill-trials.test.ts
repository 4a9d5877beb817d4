// T-12 of THREAT-MODEL.md.
/**
 * Kill means now: each trial is a `touch` in another process, and then a look.
 * CHECKRD_KILL_TRIALS sets how many (300).
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openKillSwitch } from '#src/agent/kill-switch.js';
import { agentId } from '#src/core/brand.js';
import { otherProcess, runs } from '../../support/shell.js';
import { tempFolder } from '../../support/temp.js';

const AGENT = agentId('a') ?? assert.fail();
const TRIALS = Number(process.env.CHECKRD_KILL_TRIALS ?? 300);
const BLOCKED_TRIALS = 5;

test(`${TRIALS} times: touched elsewhere, refused here; removed elsewhere, allowed here`, async t => {
  const path = join(tempFolder(t), 'killswitch');
  let engaged = 0;
  const observer = { engaged: () => void engaged++, released() {} };
  const killSwitch = openKillSwitch({ path, observer });
  t.after(() => killSwitch.close());
  const other = otherProcess(t);
  for (let trial = 0; trial < TRIALS; trial++) {
    const target = trial % 2 === 0 ? path : `${path}.d/${AGENT}`;
    assert.equal(killSwitch.look(AGENT), null, `trial ${trial}: free`);
    await other.run(`touch ${target}`);
    assert.equal(killSwitch.look(AGENT)?.source, target, `trial ${trial}: engaged`);
    await other.run(`rm ${target}`);
  }
  assert.equal(engaged, TRIALS, 'each was told once');
});

test(`${BLOCKED_TRIALS} times with the event loop blocked: no event can have come`, t => {
  const path = join(tempFolder(t), 'killswitch');
  const killSwitch = openKillSwitch({ path, observer: { engaged() {}, released() {} } });
  t.after(() => killSwitch.close());
  for (let trial = 0; trial < BLOCKED_TRIALS; trial++) {
    assert.equal(killSwitch.look(AGENT), null);
    // Both run to their end while this thread waits.
    runs('sh', '-c', `touch ${path}; sleep 0.2`);
    assert.ok(killSwitch.look(AGENT));
    runs('rm', path);
  }
});
