/** A line of a log as each shipper and store hands it on. */
import type { Shipper } from '#src/core/verify/shipped.js';

/** The same fields in another order, as maps without order give them. */
const shuffled = (line: string, added: object): string =>
  JSON.stringify(
    { ...added, ...Object.fromEntries(Object.entries(JSON.parse(line) as object).reverse()) },
    null,
    1,
  ).replaceAll('\n', ' ');

export const SHAPES: readonly (readonly [Shipper, (line: string) => string])[] = [
  ['json', line => shuffled(line, {})],
  ['vector', line => JSON.stringify({ file: '/f', host: 'h', message: line, source_type: 'file', timestamp: 't' })],
  ['vector', line => shuffled(line, { file: '/f', host: 'h', source_type: 'file', timestamp: 't' })],
  ['fluent-bit', line => JSON.stringify({ date: 1767225600.123456, log: line })],
  ['fluent-bit', line => shuffled(line, { date: 1767225600.123456 })],
  ['fluent-bit', line => shuffled(line, { '@timestamp': '2026-01-01T00:00:00.000Z' })],
  ['journald', line => JSON.stringify({ __CURSOR: 'c', PRIORITY: '6', MESSAGE: line, _PID: '1' })],
  ['journald', line => JSON.stringify({ MESSAGE: [...Buffer.from(line)], _PID: '1' })],
  ['loki', line => JSON.stringify({ labels: { job: 'checkrd' }, line, timestamp: 't' })],
  ['syslog', line => `<134>1 2026-01-01T00:00:00Z host checkrd 1 - - ${line}`],
  ['syslog', line => `Jan  1 00:00:00 host checkrd: ${line} `],
  [
    'otel',
    line =>
      JSON.stringify({
        resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: '1', body: { stringValue: line } }] }] }],
      }),
  ],
];
