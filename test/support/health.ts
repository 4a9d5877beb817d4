import { Counters } from '#src/agent/counters.js';
import type { AgentHealth } from '#src/agent/types.js';

/** All is well. */
export const HEALTH: AgentHealth = {
  state: 'ok',
  securityMode: 'strict',
  policy: { state: 'ok', path: '/policy.yaml', issue: null, pollOnly: false },
  policySha256: null,
  engine: { path: '/engine.wasm', sha256: '0'.repeat(64), abi: 1, from: 'pinned', signedBy: [], issue: null },
  audit: {
    state: 'ok',
    error: null,
    checkpointSize: 0,
    lastCheckpointMs: null,
    uncovered: 0,
    segment: 0,
    origin: 'o',
    path: '/a.jsonl',
    size: 0,
  },
  holds: [],
  breakGlass: null,
  inFlight: 0,
  counters: new Counters().read(),
  warnings: [],
  coverage: [],
  processFile: null,
};
