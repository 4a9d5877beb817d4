/** Promise: with `fsync` a call waits until its record is on disk, together with others; with `async` nobody waits and nothing is lost by an end in order. */
import assert from 'node:assert/strict';
import fs, { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import { Checkrd } from '#src/checkrd.js';
import { appendMany, decision, place } from '../../support/audit-log.js';
import { Home } from '../../support/home.js';
import { failSyncLater } from '../../support/one-fault.js';
import { readWhole } from '../../support/read-log.js';
import { upstream } from '../../support/upstream.js';

/** Counts asynchronous syncs, and says how large the file was when each began. */
function syncs(t: TestContext): number[] {
  const table = fs as unknown as { fdatasync: (fd: number, done: (error: Error | null) => void) => void };
  const real = table.fdatasync;
  const sizes: number[] = [];
  table.fdatasync = (fd, done) => {
    sizes.push(fs.fstatSync(fd).size);
    real(fd, done);
  };
  syncBuiltinESMExports();
  t.after(() => {
    table.fdatasync = real;
    syncBuiltinESMExports();
  });
  return sizes;
}

test('fsync: 64 records that wait together are synced once, and all of them were written before', async t => {
  const at = place(t);
  const log = at.open({ durability: 'fsync' });
  const sizes = syncs(t);
  const waits: (Promise<boolean> | null)[] = [];
  for (let n = 0; n < 64; n += 1) {
    log.append(decision(n));
    waits.push(log.onDisk());
  }
  const size = readFileSync(at.path).length;
  assert.deepEqual(new Set(await Promise.all(waits)), new Set([true]));
  assert.equal(sizes.filter(bytes => bytes === size).length, sizes.length);
  assert.ok(sizes.length <= 2, `${sizes.length} syncs`);
  log.append(decision(64));
  assert.equal(await log.onDisk(), true);
  log.close();
  assert.equal(readWhole(at.path).filter(r => r.type === 'decision').length, 65);
});

test('fsync: a record whose sync fails is not promised, the file is abandoned, and the next is', async t => {
  const at = place(t);
  const log = at.open({ durability: 'fsync' });
  failSyncLater(t);
  log.append(decision(0));
  assert.equal(await log.onDisk(), false);
  log.append(decision(1));
  assert.equal(await log.onDisk(), true);
  log.close();
  assert.match(readFileSync(at.path, 'utf8'), /"cause":"write_failed"/);
});

test('write: nobody waits', t => {
  const log = place(t).open();
  log.append(decision(0));
  assert.equal(log.onDisk(), null);
});

test('async: written a moment later, and everything at the end', async t => {
  const at = place(t);
  const log = at.open({ durability: 'async' });
  const before = readFileSync(at.path).length;
  appendMany(log, 10);
  assert.equal(readFileSync(at.path).length, before);
  await new Promise(resolve => setImmediate(() => setImmediate(resolve)));
  assert.equal(readWhole(at.path).filter(r => r.type === 'decision').length, 10);
  appendMany(log, 5000, 10);
  log.close();
  assert.equal(readWhole(at.path).filter(r => r.type === 'decision').length, 5010);
});

test('a fetch under fsync: sent after the sync, denied when it fails, and killed when the switch came meanwhile', async t => {
  const home = new Home({
    'policy.yaml': 'default: allow\nrules: []\n',
    'checkrd.yaml': 'audit: { durability: fsync }\n',
  });
  const server = await upstream();
  t.after(async () => {
    await server.close();
    home.remove();
  });
  const checkrd = new Checkrd({ agentId: 'synced', configDir: home.dir });
  t.after(() => checkrd.close());
  const guarded = checkrd.wrap(fetch);
  const sizes = syncs(t);
  await (await guarded(`${server.origin}/one`)).text();
  assert.ok(sizes.length >= 1);
  assert.equal(server.seen.length, 1);
  const late = guarded(`${server.origin}/two`);
  home.write('killswitch', '');
  await assert.rejects(late, { code: 'kill_switch' });
  fs.rmSync(home.path('killswitch'));
  assert.equal(server.seen.length, 1);
  for (let n = 0; n < 50; n += 1) {
    // Each fails once; it may be the sync of what the kill left to write, or of a checkpoint.
    failSyncLater(t);
    try {
      await (await guarded(`${server.origin}/three`)).text();
    } catch (error) {
      if ((error as { code?: string }).code === 'audit_unavailable') return;
    }
    await new Promise(resolve => setTimeout(resolve, 40));
  }
  assert.fail('no call met the failed sync');
});

test('a tool under fsync: started after the sync, not started when the switch came meanwhile', async t => {
  const home = new Home({
    'policy.yaml': 'default: allow\nrules: []\n',
    'checkrd.yaml': 'audit: { durability: fsync }\n',
  });
  t.after(() => home.remove());
  const checkrd = new Checkrd({ agentId: 'synced', configDir: home.dir });
  t.after(() => checkrd.close());
  const sizes = syncs(t);
  let ran = 0;
  const tool = checkrd.guardTool('count', () => ++ran);
  const first = tool(undefined);
  assert.equal(ran, 0, 'the record is on its way to the disk');
  assert.equal(await first, 1);
  assert.ok(sizes.length >= 1);
  const late = tool(undefined);
  home.write('killswitch', '');
  await assert.rejects(late, { code: 'kill_switch' });
  assert.equal(ran, 1);
});
