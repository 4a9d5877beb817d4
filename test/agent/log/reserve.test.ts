// T-11 of THREAT-MODEL.md.
/** Promise: with a reserve a full disk is survived for a while, loudly; used up, it is denied; with room the reserve is back. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decision, place } from '../../support/audit-log.js';
import { readWhole } from '../../support/read-log.js';
import { until } from '../../support/until.js';

const RESERVE = 64 * 1024;

test('a tmpfs that fills up: the reserve is given up and said, then calls are denied, then it is back', async t => {
  const at = place(t);
  const mount = join(at.folder, 'log');
  mkdirSync(mount);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', mount]).status !== 0) {
    return t.skip('this user may not mount a tmpfs');
  }
  try {
    const log = at.open({ reserveBytes: RESERVE });
    assert.equal(statSync(`${at.path}.reserve`).size, RESERVE);
    assert.equal(log.health().state, 'ok');
    writeFileSync(join(mount, 'ballast'), Buffer.alloc(300 * 1024));
    let accepted = 0;
    let refused = false;
    let degraded = 0;
    for (let n = 0; n < 2000 && !refused; n += 1) {
      try {
        log.append(decision(n, { span_name: 'x'.repeat(500) }));
        accepted += 1;
        if (log.health().state === 'degraded') degraded += 1;
      } catch (error) {
        refused = true;
        assert.equal((error as { code?: string }).code, 'audit_unavailable');
      }
    }
    assert.ok(refused, 'used up, it denies');
    assert.ok(degraded > 20, `${degraded} records came into the reserve`);
    assert.equal(log.health().state, 'failing');
    assert.ok(!existsSync(`${at.path}.reserve`));
    assert.equal(at.problems.filter(text => text.includes('reserve')).length, 1, at.problems.join('\n'));
    rmSync(join(mount, 'ballast'));
    log.append(decision(3000));
    await until('the reserve is back', () => existsSync(`${at.path}.reserve`) && log.health().state === 'ok');
    log.close();
    const records = readWhole(at.path);
    assert.equal(records.filter(r => r.type === 'decision').length, accepted + 1);
    assert.deepEqual(
      records.filter(r => r.type === 'disk_reserve').map(r => [r.state, r.bytes]),
      [
        ['freed', RESERVE],
        ['restored', RESERVE],
      ],
    );
  } finally {
    spawnSync('umount', ['-l', mount]);
  }
});

test('a reserve that cannot be made: said, degraded, and the log works', t => {
  const at = place(t);
  mkdirSync(join(at.folder, 'log', 'audit.jsonl.reserve', 'full'), { recursive: true });
  const log = at.open({ reserveBytes: RESERVE });
  log.append(decision(0));
  assert.equal(log.health().state, 'degraded');
  assert.equal(log.health().error?.code, 'reserve_missing');
  assert.match(at.problems.join('\n'), /reserve/);
  log.close();
});
