// T-86 of THREAT-MODEL.md.
/** Break glass by injected clocks and real files: it ends when its time is over, whatever is done to clock, file and start. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BreakGlassInForce } from '#src/agent/break-glass.js';
import type { OperatorActionFields } from '#src/core/audit/fields.js';
import { trustedSigner } from '#src/crypto/trusted-signer.js';
import { readTrustFolder } from '#src/disk/trust-folder.js';
import { ANN, EVE, fromNow, glassBy } from '../../support/glass.js';
import { tempFolder } from '../../support/temp.js';

const MINUTE = 60_000;
const START = Date.UTC(2026, 5, 1, 12);

class Bench {
  readonly dir: string;
  readonly path: string;
  readonly memory: string;
  readonly notes: OperatorActionFields[] = [];
  readonly warned: string[] = [];
  wallMs = START;
  bootMs = 5_000_000;
  boot = 'boot-1';
  writes = true;
  isAllowed = true;

  constructor(t: TestContext) {
    this.dir = tempFolder(t);
    for (const name of ['approvals', 'state', 'trust']) mkdirSync(join(this.dir, name), { mode: 0o700 });
    this.path = join(this.dir, 'approvals', 'break-glass.dsse');
    this.memory = join(this.dir, 'state', 'break-glass.json');
    writeFileSync(join(this.dir, 'trust', 'ann.pub'), ANN.pub);
  }

  put(text: string): void {
    writeFileSync(this.path, text);
  }

  /** A process that starts now. */
  start(): BreakGlassInForce {
    const rules = { operatorsGid: null };
    return new BreakGlassInForce({
      path: this.path,
      memoryPath: this.memory,
      rules: () => rules,
      trust: () => readTrustFolder(join(this.dir, 'trust'), rules, trustedSigner),
      isAllowed: this.isAllowed,
      clocks: () => ({ wallMs: this.wallMs, bootMs: this.bootMs, bootId: this.boot }),
      note: fields => {
        if (this.writes) this.notes.push(fields);
        return this.writes;
      },
      warn: text => void this.warned.push(text),
    });
  }

  /** Time goes on for both clocks. */
  pass(ms: number): void {
    this.wallMs += ms;
    this.bootMs += ms;
  }

  /** Somebody sets the wall clock. */
  set(byMs: number): void {
    this.wallMs += byMs;
  }

  reboot(bootMs: number): void {
    this.boot = 'boot-2';
    this.bootMs = bootMs;
  }

  forbid(): void {
    this.isAllowed = false;
  }

  counts(glass: BreakGlassInForce): boolean {
    return glass.inForce(this.wallMs) !== null;
  }

  get said(): string[] {
    return this.notes.map(({ action, reason }) => (action === 'break_glass_begun' ? 'begun' : `${action} ${reason}`));
  }
}

test('it begins with a record, is loud each minute, and ends by itself, also for a process that started later', t => {
  const b = new Bench(t);
  b.put(glassBy([ANN], {}, START));
  const glass = b.start();
  assert.deepEqual(glass.inForce(b.wallMs)?.agents, ['*']);
  assert.deepEqual(b.notes, [
    {
      type: 'operator_action',
      action: 'break_glass_begun',
      by_uid: process.getuid?.(),
      reason: `until 2026-06-01T12:15:00.000Z: upstream moved its host; agents *; signed by ${ANN.keyId}`,
    },
  ]);
  assert.equal(b.warned.length, 1);
  for (let i = 0; i < 14; i++) {
    b.pass(MINUTE);
    glass.refresh();
  }
  assert.equal(b.warned.length, 15);
  assert.match(b.warned[14] ?? '', /BREAK GLASS until 2026-06-01T12:15:00.000Z/);
  const second = b.start();
  b.pass(MINUTE - 1);
  assert.ok(b.counts(glass) && b.counts(second));
  b.pass(1);
  assert.ok(!b.counts(glass) && !b.counts(second), 'no event was needed');
  glass.refresh();
  glass.refresh();
  second.refresh();
  assert.deepEqual(b.said, ['begun', 'begun', 'break_glass_ended expired', 'break_glass_ended expired']);
  assert.deepEqual(glass.problems, [], 'a file that lies there is no problem');
  // Left there, it is refused by every later start, which says so and is well.
  const later = b.start();
  assert.deepEqual([b.said.at(-1), later.problems], ['break_glass_refused spent', []]);
});

type Step = readonly [what: string, act: (b: Bench) => void];

test('a clock set back, a restart and a reboot lend it no time', t => {
  const back: Step = ['the clock set back', b => b.set(-10 * MINUTE)];
  const reboot: Step = ['another boot', b => b.reboot(1000)];
  const cases: readonly (readonly [steps: readonly Step[], leftMs: number])[] = [
    [[back], 5 * MINUTE],
    // What only the wall clock can tell is known to the minute.
    [[reboot], 5 * MINUTE],
    [[reboot, back], 5 * MINUTE],
    [[['the clock set ahead', b => b.set(4 * MINUTE)]], MINUTE],
    [[['another boot, as long ago', b => b.reboot(b.bootMs)], back], 5 * MINUTE],
  ];
  for (const [steps, leftMs] of cases) {
    for (const restarts of [false, true]) {
      const b = new Bench(t);
      const what = `${steps.map(([name]) => name).join(', ')}${restarts ? ', a restart' : ''}`;
      if (!restarts && what.includes('boot')) continue;
      b.put(glassBy([ANN], {}, START));
      let glass = b.start();
      b.pass(10 * MINUTE);
      glass.refresh();
      assert.ok(b.counts(glass), what);
      for (const [, act] of steps) act(b);
      if (restarts) glass = b.start();
      glass.refresh();
      assert.ok(b.counts(glass), what);
      b.pass(leftMs - 1);
      assert.ok(b.counts(glass), `${what}: to its end`);
      b.pass(1);
      assert.ok(!b.counts(glass), `${what}: and no further`);
      b.wallMs -= 60 * MINUTE;
      assert.ok(!b.counts(glass), `${what}: and not again`);
      glass.refresh();
      assert.ok(!b.counts(b.start()), `${what}: nor at a start`);
    }
  }
});

test('what has ended is not begun again: removed and put back, replaced, expired with the clock set back', t => {
  const b = new Bench(t);
  const one = glassBy([ANN], { reason: 'one' }, START);
  const two = glassBy([ANN], { reason: 'two' }, START);
  b.put(one);
  const glass = b.start();
  b.put(two);
  glass.refresh();
  assert.equal(glass.inForce(b.wallMs)?.reason, 'two');
  b.put(one);
  glass.refresh();
  assert.ok(!b.counts(glass));
  assert.match(glass.problems[0] ?? '', /it has ended before/);
  b.put(two);
  glass.refresh();
  assert.ok(!b.counts(glass));
  rmSync(b.path);
  glass.refresh();
  assert.deepEqual(glass.problems, []);
  b.put(two);
  assert.ok(!b.counts(b.start()));
  assert.deepEqual(b.said, [
    'begun',
    'break_glass_ended replaced',
    'begun',
    'break_glass_ended replaced',
    'break_glass_refused spent',
    'break_glass_refused spent',
    'break_glass_refused spent',
  ]);
});

test('a signer taken away ends it, and one who comes back does not set its clock back', t => {
  const b = new Bench(t);
  b.put(glassBy([ANN], {}, START));
  const glass = b.start();
  assert.ok(b.counts(glass));
  rmSync(join(b.dir, 'trust', 'ann.pub'));
  glass.refresh();
  assert.ok(!b.counts(glass));
  assert.match(glass.problems[0] ?? '', /no key is trusted/);
  b.pass(10 * MINUTE);
  writeFileSync(join(b.dir, 'trust', 'ann.pub'), ANN.pub);
  b.wallMs = START;
  glass.refresh();
  assert.ok(b.counts(glass));
  b.pass(5 * MINUTE);
  assert.ok(!b.counts(glass));
  assert.deepEqual(b.said.slice(0, 3), ['begun', 'break_glass_ended no_signers', 'break_glass_refused no_signers']);
});

/** The signature of one, the payload of another. */
function swapped(): string {
  const [a, b] = [{}, { reason: 'something else' }].map(says => JSON.parse(glassBy([ANN], says, START)));
  return JSON.stringify({ ...a, payload: b.payload });
}

const REFUSED: readonly (readonly [why: string, text: string | ((b: Bench) => void)])[] = [
  ['threshold_not_met', glassBy([EVE], {}, START)],
  ['bad_signature', glassBy([{ ...EVE, keyId: ANN.keyId }], {}, START)],
  ['bad_signature', swapped()],
  ['wrong_type', glassBy([ANN], {}, START, 'application/vnd.checkrd.release+json')],
  ['malformed', glassBy([ANN], { agents: [] }, START)],
  ['malformed', glassBy([ANN], { agents: '*' }, START)],
  ['malformed', glassBy([ANN], { agents: ['a b'] }, START)],
  ['malformed', glassBy([ANN], { reason: '' }, START)],
  ['malformed', glassBy([ANN], { reason: 'x'.repeat(201) }, START)],
  ['malformed', glassBy([ANN], { reason: undefined }, START)],
  ['malformed', glassBy([ANN], { codes: ['rate_limited'] }, START)],
  ['malformed', glassBy([ANN], { expires: fromNow(60 * MINUTE + 1, START) }, START)],
  ['malformed', glassBy([ANN], { expires: fromNow(0, START) }, START)],
  ['malformed', glassBy([ANN], { expires: 'tomorrow' }, START)],
  ['malformed', ''],
  ['issued_ahead', glassBy([ANN], {}, START + 5 * MINUTE + 1)],
  ['expired', glassBy([ANN], {}, START - 15 * MINUTE)],
  ['unreadable', 'x'.repeat(70_000)],
  ['writable_by_others', b => chmodSync(b.path, 0o666)],
  ['writable_by_others', b => chmodSync(join(b.dir, 'approvals'), 0o777)],
  ['trust_unusable', b => writeFileSync(join(b.dir, 'trust', 'threshold'), 'one\n')],
  ['threshold_not_met', b => writeFileSync(join(b.dir, 'trust', 'threshold'), '2\n')],
  ['no_signers', b => rmSync(join(b.dir, 'trust'), { recursive: true })],
  ['memory_unusable', b => writeFileSync(b.memory, '{"v":1')],
  ['memory_unusable', b => mkdirSync(b.memory)],
  ['forbidden', b => b.forbid()],
];

test('what does not count, each for its reason, recorded once for each start', t => {
  for (const [why, attack] of REFUSED) {
    const b = new Bench(t);
    b.put(typeof attack === 'string' ? attack : glassBy([ANN], {}, START));
    if (typeof attack !== 'string') attack(b);
    const glass = b.start();
    glass.refresh();
    assert.deepEqual(b.said, [`break_glass_refused ${why}`]);
    assert.equal(glass.inForce(b.wallMs), null);
    assert.equal(glass.problems.length, why === 'expired' ? 0 : 1, why);
  }
});

test('nothing begins that the log does not tell, and no end is lost', t => {
  const b = new Bench(t);
  b.put(glassBy([ANN], {}, START));
  b.writes = false;
  const glass = b.start();
  assert.ok(!b.counts(glass));
  b.writes = true;
  glass.refresh();
  assert.ok(b.counts(glass));
  b.writes = false;
  rmSync(b.path);
  glass.refresh();
  assert.ok(!b.counts(glass));
  b.writes = true;
  glass.refresh();
  assert.deepEqual(b.said, ['begun', 'break_glass_ended removed']);
});
