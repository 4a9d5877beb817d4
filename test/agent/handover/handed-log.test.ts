// T-64 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandedLog } from '#src/agent/handover/handed-log.js';
import { Outbox } from '#src/agent/handover/outbox.js';
import type { AuditLog } from '#src/agent/types.js';
import type { AgentRecord } from '#src/core/audit/fields.js';
import { Fault } from '#src/core/fault.js';
import { HANDOVER_MAX_RECORDS, REPORT_MAX_BYTES } from '#src/core/limits.js';
import { isOrigin } from '#src/core/trust/release.js';
import type { Answer } from '#src/handover/records-client.js';

const INSTANCE = '0123456789abcdef';
const record = (reason: string): AgentRecord => ({
  type: 'operator_action',
  action: 'test',
  reason,
});
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** A daemon that answers when it is told to, a local log in memory, a clock that is wound by hand. */
function set(onLoss: 'deny' | 'local') {
  const posts: {
    readonly body: { readonly first: number; readonly records: AgentRecord[] };
    answer(a: Answer): void;
  }[] = [];
  const local: string[] = [];
  const faults: string[] = [];
  let retry = (): void => assert.fail('nothing waits');
  let room = true;
  const openLocal = (): AuditLog =>
    ({
      origin: 'own/log',
      path: '/own',
      get size() {
        return local.length;
      },
      append(fields: AgentRecord) {
        if (!room) throw new Fault('audit_unavailable', { path: '/own', cause: 'ENOSPC' });
        local.push('reason' in fields ? String(fields.reason) : fields.type);
      },
      onDisk: () => null,
      close() {},
      health: () => ({ state: 'ok', error: null, checkpointSize: 0, lastCheckpointMs: null, uncovered: 0, segment: 0 }),
    }) as unknown as AuditLog;
  const log = new HandedLog({
    path: '/sock',
    way: {
      post: text => new Promise(answer => void posts.push({ body: JSON.parse(text), answer })),
      close() {},
    },
    outbox: new Outbox(INSTANCE),
    onLoss,
    openLocal,
    timers: {
      now: () => 0,
      after(_, act) {
        retry = act;
        return () => undefined;
      },
      every: () => () => undefined,
    },
    uid: 7,
    onProblem: fault => void faults.push(fault.message),
  });
  return {
    log,
    posts,
    local,
    faults,
    fill: (is: boolean) => {
      room = !is;
    },
    retry: () => retry(),
    /** The report under way. */
    async under() {
      await turn();
      return posts[posts.length - 1] as (typeof posts)[number];
    },
  };
}
const taken = (next: number): Answer => ({ is: 'taken', next, log: 'daemon/log' });
const GONE: Answer = { is: 'silent', why: 'ECONNREFUSED' };
const reasons = (post: { readonly body: { readonly records: AgentRecord[] } }): string =>
  post.body.records.map(r => ('reason' in r ? r.reason : '')).join();

test('in order, one report at a time; each waits for its own', async () => {
  const { log, posts, under } = set('deny');
  assert.ok(isOrigin(log.origin), 'a latched kill can name it');
  log.append(record('a'));
  const a = log.onDisk();
  log.append(record('b'));
  const first = await under();
  assert.equal(reasons(first), 'a,b');
  log.append(record('c'));
  const c = log.onDisk();
  await turn();
  assert.equal(posts.length, 1);
  first.answer(taken(2));
  assert.equal(await a, true);
  const second = await under();
  assert.deepEqual([second.body.first, reasons(second)], [2, 'c']);
  second.answer(taken(3));
  assert.equal(await c, true);
  assert.equal(log.onDisk(), null, 'nothing to wait for');
});

test('deny: what was not acknowledged is sent again under its number, and what a refusal took is not', async () => {
  const { log, under, retry, faults } = set('deny');
  for (const name of ['a', 'b', 'c']) log.append(record(name));
  const all = log.onDisk();
  (await under()).answer({ is: 'refused', next: 1, why: 'it answers 503 audit_unavailable' });
  assert.equal(await all, false);
  assert.deepEqual([log.daemon, log.health().state, await log.onDisk()], ['lost', 'failing', false]);
  log.append(record('d'));
  retry();
  const again = await under();
  assert.deepEqual([again.body.first, reasons(again)], [1, 'b,c,d']);
  again.answer(GONE);
  await turn();
  retry();
  (await under()).answer(taken(4));
  await turn();
  assert.deepEqual([log.daemon, log.health().state, faults.length], ['there', 'ok', 1]);
});

test('deny: memory is bounded, and what has no room is refused at once', async () => {
  const { log, under } = set('deny');
  for (let i = 0; i < HANDOVER_MAX_RECORDS; i++) log.append(record('x'));
  assert.throws(() => log.append(record('y')), { code: 'daemon_unavailable' });
  const { body } = await under();
  assert.equal(body.records.length, 256);
});

test('long records go in reports that the daemon takes', async () => {
  const { log, under } = set('deny');
  for (let i = 0; i < 100; i++) log.append(record('\u20ac'.repeat(20_000)));
  const { body } = await under();
  assert.ok(body.records.length > 0 && Buffer.byteLength(JSON.stringify(body)) < REPORT_MAX_BYTES + 1024);
});

test('local: the queue moves over whole and in order, whoever waits for it goes on', async () => {
  const { log, under, local, retry } = set('local');
  log.append(record('a'));
  const a = log.onDisk();
  (await under()).answer(GONE);
  assert.equal(await a, true);
  log.append(record('b'));
  assert.equal(log.onDisk(), null);
  assert.deepEqual(local, ['the daemon has not answered yet', 'a', 'b']);
  assert.deepEqual([log.daemon, log.path, log.health().state], ['there', '/own', 'degraded']);
  retry();
  const knock = await under();
  assert.deepEqual([knock.body.first, reasons(knock)], [1, '']);
  knock.answer(taken(1));
  await turn();
  const note = await under();
  assert.deepEqual([note.body.first, reasons(note)], [1, 'log own/log from 0 to 3']);
  assert.equal(local[3], 'later records: log daemon/log');
  log.append(record('c'));
  note.answer(taken(2));
  const last = await under();
  assert.deepEqual([last.body.first, reasons(last)], [2, 'c']);
});

test('local: a daemon that is too slow for what comes counts as lost', async () => {
  const { log, under, local } = set('local');
  log.append(record('0'));
  const slow = await under();
  for (let i = 1; i <= HANDOVER_MAX_RECORDS; i++) log.append(record(String(i)));
  assert.equal(local.length, HANDOVER_MAX_RECORDS + 2);
  assert.equal(local.at(-1), String(HANDOVER_MAX_RECORDS));
  slow.answer(taken(1));
  await turn();
  assert.equal(log.health().state, 'ok', 'its late answer brings it back');
});

test('local: when that log fails as well, nothing may pass, and nothing is lost', async () => {
  const { log, under, local, fill, faults } = set('local');
  fill(true);
  log.append(record('a'));
  const a = log.onDisk();
  (await under()).answer(GONE);
  assert.equal(await a, false);
  assert.equal(log.daemon, 'lost');
  assert.throws(() => log.append(record('b')), { code: 'audit_unavailable' });
  assert.equal(faults.length, 2);
  fill(false);
  log.append(record('c'));
  assert.deepEqual(local, ['the daemon has not answered yet', 'a', 'c']);
});

test('the end: what the daemon has not got goes to the local log; a bare farewell is worth none', async () => {
  const busy = set('deny');
  busy.log.append(record('a'));
  busy.log.close();
  busy.log.close();
  assert.deepEqual(busy.local, ['the daemon has not answered yet', 'a']);
  assert.throws(() => busy.log.append(record('b')), { code: 'daemon_unavailable' });
  const idle = set('deny');
  idle.log.append({ type: 'agent_stopped', agent_id: 'crm', instance_id: INSTANCE });
  idle.log.close();
  assert.deepEqual(idle.local, []);
});
