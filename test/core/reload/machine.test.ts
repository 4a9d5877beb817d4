// T-16 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Sha256Hex } from '#src/core/brand.js';
import {
  BEGIN,
  type Effect,
  type Event,
  type Rejection,
  type Seen,
  type State,
  step,
} from '#src/core/reload/machine.js';

const sha = (digit: string) => digit.repeat(64) as Sha256Hex;
const file = (inode: string, content: string): Seen => ({ is: 'file', file: inode, content });
const absent: Seen = { is: 'absent' };
const bad: Rejection = { sha256: sha('b'), issue: { code: 'unknown_key', message: 'no' } };

function run(events: readonly Event[], from: State = BEGIN): { state: State; effects: Effect[]; stages: string[] } {
  let state = from;
  const effects: Effect[] = [];
  const stages: string[] = [];
  for (const event of events) {
    const [next, more] = step(state, event);
    state = next;
    effects.push(...more);
    stages.push(state.stage);
  }
  return { state, effects, stages };
}

const live = run([
  { on: 'start', at: 0, seen: file('1', 'a') },
  { on: 'read', at: 0, seen: file('1', 'a'), sha256: sha('a') },
  { on: 'built', at: 0 },
  { on: 'swapped', at: 0 },
]);

test('a good file goes through every stage and is live', () => {
  assert.deepEqual(live.stages, ['settled', 'verified', 'tested', 'idle']);
  assert.deepEqual(live.effects, [{ do: 'read' }, { do: 'build' }, { do: 'swap' }]);
  assert.equal(live.state.live, sha('a'));
});

test('settling: a new inode that is written to under its own name was not renamed there', () => {
  const idle: State = { stage: 'idle', live: sha('a'), judged: file('1', 'a'), told: null };
  const { state, effects } = run(
    [
      { on: 'looked', at: 0, seen: file('2', 'b') },
      { on: 'written', at: 4 },
      { on: 'quiet', at: 20 },
      { on: 'quiet', at: 1003 },
    ],
    idle,
  );
  assert.equal(state.stage, 'changed');
  assert.deepEqual(effects, [
    { do: 'wait', ms: 20 },
    { do: 'wait', ms: 1000 },
    { do: 'wait', ms: 984 },
    { do: 'wait', ms: 1 },
  ]);
  assert.deepEqual(step(state, { on: 'quiet', at: 1004 })[1], [{ do: 'read' }]);
  assert.deepEqual(
    step(idle, { on: 'written', at: 9 }),
    [idle, []],
    'a write that no look has told from before is no change',
  );
});

type Settle = { readonly name: string; readonly from: Seen; readonly to: Seen; readonly ms: number };
const settling: readonly Settle[] = [
  { name: 'a new inode over the old', from: file('1', 'a'), to: file('2', 'b'), ms: 20 },
  { name: 'the same inode with other content', from: file('1', 'a'), to: file('1', 'b'), ms: 1000 },
  {
    name: 'an empty new inode, as one begins that is made anew',
    from: file('1', '9 a'),
    to: file('2', '0 b'),
    ms: 1000,
  },
  { name: 'a file where there was none', from: absent, to: file('2', 'b'), ms: 1000 },
  { name: 'no file where there was one', from: file('1', 'a'), to: absent, ms: 1000 },
];
for (const { name, from, to, ms } of settling) {
  test(`settling: ${name} waits ${ms} ms`, () => {
    const state: State = { stage: 'idle', live: sha('a'), judged: from, told: null };
    assert.deepEqual(step(state, { on: 'looked', at: 5, seen: to })[1], [{ do: 'wait', ms }]);
  });
}

test('settling begins again with each change, and a new inode that is still being written gets the long wait', () => {
  const { effects, state } = run(
    [
      { on: 'looked', at: 0, seen: file('2', 'b') },
      { on: 'looked', at: 10, seen: file('2', 'bb') },
      { on: 'quiet', at: 20 },
    ],
    live.state,
  );
  assert.deepEqual(effects, [
    { do: 'wait', ms: 20 },
    { do: 'wait', ms: 1000 },
    { do: 'wait', ms: 990 },
  ]);
  assert.equal(state.stage, 'changed');
});

test('what was judged once is not judged again until it changes', () => {
  assert.deepEqual(step(live.state, { on: 'looked', at: 9, seen: file('1', 'a') }), [live.state, []]);
});

test('the same bytes in another file are no new policy', () => {
  const { effects, state } = run(
    [
      { on: 'looked', at: 0, seen: file('2', 'a') },
      { on: 'quiet', at: 20 },
      { on: 'read', at: 20, seen: file('2', 'a'), sha256: sha('a') },
    ],
    live.state,
  );
  assert.deepEqual(effects.at(-1), { do: 'unchanged' });
  assert.equal(state.stage, 'idle');
});

test('a change while checking makes the result stale', () => {
  const { effects, state } = run(
    [
      { on: 'looked', at: 0, seen: file('2', 'b') },
      { on: 'quiet', at: 20 },
      { on: 'read', at: 20, seen: file('2', 'b'), sha256: sha('b') },
      { on: 'looked', at: 30, seen: file('3', 'c') },
      { on: 'built', at: 40 },
    ],
    live.state,
  );
  assert.equal(state.stage, 'changed');
  assert.equal(state.live, sha('a'));
  assert.ok(!effects.some(effect => effect.do === 'swap'));
});

test('a file that is replaced more often than a build takes does not keep the old policy for ever', () => {
  const events: Event[] = [{ on: 'looked', at: 0, seen: file('n0', 'n0') }];
  let at = 0;
  for (let n = 0; at < 2_000; n++) {
    const seen = file(`n${n}`, `n${n}`);
    at += 20;
    events.push({ on: 'quiet', at }, { on: 'read', at, seen, sha256: sha(`n${n}`) });
    at += 30;
    events.push({ on: 'looked', at, seen: file(`n${n + 1}`, `n${n + 1}`) }, { on: 'built', at });
  }
  const { effects, state } = run(events, live.state);
  assert.equal(effects.filter(effect => effect.do === 'swap').length, 1);
  assert.equal(state.stage, 'tested');
});

test('bytes of another file than the one that settled do not count, but at start', () => {
  const read: Event = { on: 'read', at: 20, seen: file('3', 'c'), sha256: sha('c') };
  const running = run([{ on: 'looked', at: 0, seen: file('2', 'b') }, { on: 'quiet', at: 20 }, read], live.state);
  assert.equal(running.state.stage, 'changed');
  const starting = run([{ on: 'start', at: 0, seen: file('2', 'b') }, read]);
  assert.equal(starting.state.stage, 'verified');
});

test('a file that moves under its reader is looked at again soon', () => {
  const { state, effects } = run(
    [
      { on: 'looked', at: 0, seen: file('2', 'b') },
      { on: 'quiet', at: 20 },
      { on: 'moved', at: 21 },
    ],
    live.state,
  );
  assert.equal(state.stage, 'changed');
  assert.deepEqual(effects.at(-1), { do: 'wait', ms: 20 });
});

test('what is wrong with a file that has changed since is no news', () => {
  const { effects } = run(
    [
      { on: 'looked', at: 0, seen: file('2', 'b') },
      { on: 'quiet', at: 20 },
      { on: 'looked', at: 25, seen: file('3', 'c') },
      { on: 'rejected', at: 30, why: bad },
    ],
    live.state,
  );
  assert.ok(!effects.some(effect => effect.do === 'reject'));
});

test('a file touched for ever is reported once, and goes live when it stands still', () => {
  let state = live.state;
  const said: Effect[] = [];
  for (let at = 0; at <= 20_000; at += 100) {
    const [next, effects] = step(state, { on: 'looked', at, seen: file('1', `x${at}`) });
    state = next;
    said.push(...effects.filter(effect => effect.do === 'reject'));
  }
  assert.equal(said.length, 1);
  assert.equal(said[0]?.do === 'reject' && said[0].why.issue.code, 'never_settles');
  const done = run(
    [
      { on: 'quiet', at: 21_000 },
      { on: 'read', at: 21_000, seen: file('1', 'x20000'), sha256: sha('c') },
      { on: 'built', at: 21_000 },
      { on: 'swapped', at: 21_000 },
    ],
    state,
  );
  assert.equal(done.state.live, sha('c'));
});

test('the same rejection is recorded once, another one again', () => {
  const round = (at: number, inode: string, why: Rejection): Event[] => [
    { on: 'looked', at, seen: file(inode, 'b') },
    { on: 'quiet', at: at + 20 },
    { on: 'read', at: at + 20, seen: file(inode, 'b'), sha256: why.sha256 ?? sha('0') },
    { on: 'rejected', at: at + 20, why },
  ];
  const other = { ...bad, sha256: sha('c') };
  const { effects } = run([...round(0, '2', bad), ...round(100, '3', bad), ...round(200, '4', other)], live.state);
  const records = effects.flatMap(effect => (effect.do === 'reject' ? [effect.record] : []));
  assert.deepEqual(records, [true, false, true]);
});

test('at start a bad file calls the last good one back, a missing one does not', () => {
  const start = (seen: Seen): Event => ({ on: 'start', at: 0, seen });
  const spoiled = run([start(file('1', 'b')), { on: 'rejected', at: 0, why: bad }]);
  assert.deepEqual(
    spoiled.effects.map(effect => effect.do),
    ['read', 'reject', 'recall'],
  );
  assert.equal(step(spoiled.state, { on: 'recalled', at: 0, sha256: sha('a') })[0].live, sha('a'));
  const missing = run([start(absent)]);
  assert.deepEqual(
    missing.effects.map(effect => effect.do),
    ['reject'],
  );
  assert.equal(missing.state.stage, 'idle');
});

/* ---- for all runs of events --------------------------------------------------------------------------------- */

const aSeen: fc.Arbitrary<Seen> = fc.oneof(
  fc.record({
    is: fc.constant<'file'>('file'),
    file: fc.constantFrom('1', '2'),
    content: fc.constantFrom('a', 'b', 'c'),
  }),
  fc.constant(absent),
  fc.constant<Seen>({ is: 'unreadable', error: 'EACCES' }),
);
const aSha = fc.constantFrom(sha('a'), sha('b'), sha('c'));
const steps = { at: fc.nat(3000) };
const anEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ on: fc.constant<'looked'>('looked'), seen: aSeen, ...steps }),
  fc.record({ on: fc.constant<'quiet'>('quiet'), ...steps }),
  fc.record({ on: fc.constant<'moved'>('moved'), ...steps }),
  fc.record({ on: fc.constant<'read'>('read'), seen: aSeen, sha256: aSha, ...steps }),
  fc.record({ on: fc.constant<'built'>('built'), ...steps }),
  fc.record({ on: fc.constant<'swapped'>('swapped'), ...steps }),
  fc.record({ on: fc.constant<'rejected'>('rejected'), why: fc.constant(bad), ...steps }),
  fc.record({ on: fc.constant<'recalled'>('recalled'), sha256: fc.option(aSha), ...steps }),
);
const aRun = fc.array(anEvent, { maxLength: 60 });
const aStart = fc.record({ on: fc.constant<'start'>('start'), seen: aSeen, at: fc.constant(0) });

/** `at` of a run are gaps; a clock only goes forward. */
function inOrder(events: readonly Event[]): Event[] {
  let clock = 0;
  return events.map(event => {
    clock += event.at;
    return { ...event, at: clock };
  });
}

test('no run of events without an accept ever loses the live policy', () => {
  fc.assert(
    fc.property(aStart, aRun, (start, events) => {
      let state: State = BEGIN;
      for (const event of inOrder([start, ...events])) {
        const before = state;
        state = step(before, event)[0];
        if (before.live !== null) assert.notEqual(state.live, null);
        if (state.live === before.live) continue;
        if (event.on === 'swapped') assert.equal(before.stage === 'tested' && before.sha256, state.live);
        else assert.equal(event.on, 'recalled');
      }
    }),
    { numRuns: 3000 },
  );
});

test('from wherever a run leads, a file that then stands still is judged', () => {
  fc.assert(
    fc.property(aStart, aRun, (start, events) => {
      let at = 0;
      let state: State = BEGIN;
      for (const event of inOrder([start, ...events])) {
        at = event.at;
        state = step(state, event)[0];
      }
      const last = file('9', 'z');
      const feed = (event: Event) => {
        state = step(state, event)[0];
      };
      for (let turn = 0; turn < 12; turn++) {
        at += 1500;
        feed({ on: 'looked', at, seen: last });
        feed({ on: 'quiet', at });
        feed({ on: 'read', at, seen: last, sha256: sha('f') });
        feed({ on: 'built', at });
        feed({ on: 'swapped', at });
        feed({ on: 'recalled', at, sha256: null });
      }
      assert.equal(state.stage, 'idle');
      assert.deepEqual(state.stage === 'idle' && state.judged, last);
      assert.equal(state.live, sha('f'));
    }),
    { numRuns: 3000 },
  );
});
