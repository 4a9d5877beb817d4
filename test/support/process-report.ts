import { encodeReport, type ProcessReport } from '#src/core/status/process-report.js';

/** The text of a file that says all is well, but for what is given. */
export function processReport(more: Partial<ProcessReport>): string {
  return encodeReport({
    instanceId: '00000000000000aa',
    agentId: 'crm',
    identity: { pid: 1, tid: 1, startTicks: 1, bootId: null, pidNamespace: null },
    version: '1.2.3',
    node: 'v24.0.0',
    mode: 'strict',
    enforce: true,
    coverageRule: 'report',
    state: 'ok',
    policySha256: 'ab'.repeat(32),
    log: '/var/log/crm.jsonl',
    startedMs: 1_767_000_000_000,
    writtenMs: Date.now(),
    coverage: [],
    limits: [],
    allowed: 0,
    denied: 0,
    observed: 0,
    byCode: {},
    ...more,
  });
}
