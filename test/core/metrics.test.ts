import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters } from '#src/agent/counters.js';
import { loopbackAddress } from '#src/core/config/loopback.js';
import { type DiskFacts, forecastDisk, forecastText, isShort, type LogKeeping } from '#src/core/disk/forecast.js';
import { Buckets } from '#src/core/metrics/buckets.js';
import { exposition } from '#src/core/metrics/exposition.js';

test('text of the exposition format: escapes, infinities, buckets that add up, nothing for what is not known', () => {
  const buckets = new Buckets([0.1, 1]);
  for (const value of [0.1, 0.05, 0.5, 7]) buckets.observe(value);
  assert.equal(
    exposition([
      {
        name: 'a',
        type: 'gauge',
        help: 'back\\slash\nline',
        samples: [
          { labels: { l: 'q"\\\n' }, value: Number.POSITIVE_INFINITY },
          { labels: {}, value: 1.5 },
        ],
      },
      { name: 'b', type: 'counter', help: 'none', samples: [] },
      { name: 'h', type: 'histogram', help: 'h', buckets: buckets.read() },
    ]),
    [
      '# HELP a back\\\\slash\\nline',
      '# TYPE a gauge',
      'a{l="q\\"\\\\\\n"} +Inf',
      'a 1.5',
      '# HELP h h',
      '# TYPE h histogram',
      'h_bucket{le="0.1"} 2',
      'h_bucket{le="1"} 3',
      'h_bucket{le="+Inf"} 4',
      `h_sum ${0.1 + 0.05 + 0.5 + 7}`,
      'h_count 4',
      '',
    ].join('\n'),
  );
});

test('counters: own decisions are timed, reported ones are not, and a reported policy is none of ours', () => {
  const counters = new Counters(() => 5000);
  const decision = {
    type: 'decision',
    request_id: 'r',
    agent_id: 'crm',
    instance_id: 'i',
    policy_result: 'deny',
    enforced: true,
    code: 'rule_denied',
    matched_rule_kind: 'deny',
    trace_id: '0',
    span_id: '0',
    span_name: 's',
    decision_ns: 15_000,
  } as const;
  const loaded = { type: 'policy_loaded', policy_sha256: '0', path: '/p' } as const;
  counters.written(decision);
  counters.written({ ...decision, reported: true });
  counters.written({ ...loaded, reported: true });
  assert.equal(counters.read().policyLiveSinceMs, null);
  counters.written(loaded);
  const { decisions, decisionSeconds, policiesLoaded, policyLiveSinceMs, recordTypes, records } = counters.read();
  assert.deepEqual(
    decisions.map(({ reported, verdict, count }) => [reported, verdict, count]),
    [
      [false, 'deny', 1],
      [true, 'deny', 1],
    ],
  );
  assert.equal(decisionSeconds.count, 1);
  assert.equal(decisionSeconds.upTo[1], 1, '15 µs stand below the bound of 20 µs');
  assert.deepEqual([policiesLoaded, policyLiveSinceMs, records], [1, 5000, 4]);
  assert.deepEqual(recordTypes, [
    { type: 'decision', count: 2 },
    { type: 'policy_loaded', count: 2 },
  ]);
});

const DAY = 86_400_000;
const NOW = 1000 * DAY;
const MIB = 1024 * 1024;
const ALL: LogKeeping = {
  keepFiles: null,
  keepDays: null,
  keepBytes: null,
  rotateBytes: null,
  rotateDaily: false,
  hold: false,
};
/** Ten files of a day and 10 MiB each. */
const TEN = Array.from({ length: 10 }, (_, n) => ({
  sizeBytes: 10 * MIB,
  bornMs: NOW - (10 - n) * DAY,
  changedMs: NOW - (9 - n) * DAY,
}));
const forecasts: readonly (readonly [
  name: string,
  facts: Partial<DiskFacts>,
  mibPerDay: number | null,
  days: number | null,
])[] = [
  ['no file yet', { files: [] }, null, null],
  ['a file of a minute', { files: [{ sizeBytes: MIB, bornMs: NOW - 60_000, changedMs: NOW }] }, null, null],
  ['a file whose birth nobody knows', { files: [{ sizeBytes: MIB, bornMs: null, changedMs: NOW }] }, null, null],
  [
    'an empty log for a day',
    { files: [{ sizeBytes: 0, bornMs: NOW - DAY, changedMs: NOW - DAY }] },
    0,
    Number.POSITIVE_INFINITY,
  ],
  ['files of ten days', {}, 10, 5],
  ['births unknown: the first file only says when', { files: TEN.map(file => ({ ...file, bornMs: null })) }, 10, 5],
  ['a log that has been at rest for ten days more', { nowMs: NOW + 10 * DAY }, 5, 10],
  ['a disk that is full', { freeBytes: 0 }, 10, 0],
  // The reserve is a file: it is not free any more, and lends no day.
  ['kept by days that fit', { keeping: { ...ALL, rotateDaily: true, keepDays: 10 } }, 10, Number.POSITIVE_INFINITY],
  ['kept by days that do not fit', { keeping: { ...ALL, rotateDaily: true, keepDays: 90 } }, 10, 5],
  ['kept by number', { keeping: { ...ALL, rotateBytes: 5 * MIB, keepFiles: 20 } }, 10, Number.POSITIVE_INFINITY],
  ['kept by bytes', { keeping: { ...ALL, rotateBytes: 5 * MIB, keepBytes: 100 * MIB } }, 10, Number.POSITIVE_INFINITY],
  ['kept by more bytes than there are', { keeping: { ...ALL, rotateBytes: 5 * MIB, keepBytes: 1000 * MIB } }, 10, 5],
  ['a legal hold', { keeping: { ...ALL, rotateBytes: 5 * MIB, keepBytes: 100 * MIB, hold: true } }, 10, 5],
  ['retention without files of its own removes nothing', { keeping: { ...ALL, keepDays: 1 } }, 10, 5],
];

test('the forecast of a disk, case by case', () => {
  for (const [name, facts, mibPerDay, days] of forecasts) {
    const got = forecastDisk({ files: TEN, freeBytes: 50 * MIB, keeping: ALL, nowMs: NOW, ...facts });
    assert.equal(got.bytesPerDay === null ? null : got.bytesPerDay / MIB, mibPerDay, name);
    assert.equal(got.daysUntilFull, days, name);
    assert.equal(isShort(got), days !== null && days < 7, name);
    assert.match(forecastText(got), /^[0-9.]+ [KMG]?i?B of log, [0-9.]+ [KMG]?i?B free[;,] /, name);
  }
});

test('only an address that no other machine can reach is one for metrics', () => {
  assert.deepEqual(loopbackAddress('127.0.0.1:9464'), { host: '127.0.0.1', port: 9464 });
  assert.deepEqual(loopbackAddress('[::1]:1'), { host: '::1', port: 1 });
  assert.deepEqual(loopbackAddress('127.255.0.9:65535'), { host: '127.255.0.9', port: 65_535 });
  for (const other of [
    ...['0.0.0.0:9464', ':9464', '9464', '10.0.0.1:9464', '[::]:9464', '::1:9464', 'localhost:9464', '127.0.0.1'],
    ...['127.0.0.1:0', '127.0.0.1:65536', '127.0.0.1:09', '127.0.0.256:9', '127.0.0.01:9', '127.1:9', '1127.0.0.1:9'],
    ...['[::ffff:127.0.0.1]:9', '127.0.0.1:9464 ', '127.0.0.1:9464\n', '127.0.0.1.evil.test:9'],
  ])
    assert.equal(loopbackAddress(other), null, JSON.stringify(other));
});
