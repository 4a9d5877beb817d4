/** What of each source a support bundle may hold: shapes for pick.ts. */
import { LOG_LEVELS } from '../config/settings.js';
import { DECISION_CODES } from '../decide/types.js';
import { CHECKS } from '../doctor/finding.js';
import { EVENTS } from '../events.js';
import { faultTable } from '../fault.js';
import { POLICY_ISSUES } from '../policy/issues.js';
import { LINTS } from '../policy/lints.js';
import { AGENT, COUNT, each, FLAG, type Form, fields, NUMBER, oneOf, PATH, SHA256, TIME, VERSION } from './pick.js';

const AUDIT_RECORDS = 100;
/** As agent/coverage.ts has them. */
const WAYS = [
  ...['fetch', 'undici', 'http', 'http2', 'sockets', 'unix_sockets', 'datagrams', 'names', 'processes', 'threads'],
  ...['native', 'inspector'],
];

const CODE = oneOf([
  ...faultTable().map(({ code }) => code),
  ...Object.keys(POLICY_ISSUES),
  ...Object.keys(LINTS),
  ...DECISION_CODES,
]);
const numbersOf = (names: readonly string[]): Form => fields(Object.fromEntries(names.map(name => [name, NUMBER])));
const MODE = oneOf(['strict', 'permissive']);
const STATE = oneOf(['ok', 'degraded', 'failing', 'missing', 'stopping', 'silent']);
const ISSUE = fields({ code: CODE, line: NUMBER, column: NUMBER });
/** The system's codes that these reports may have. */
const ERRNO = oneOf([
  'ENOENT',
  'EACCES',
  'EPERM',
  'EIO',
  'ENOSPC',
  'EROFS',
  'ENOTDIR',
  'EISDIR',
  'ELOOP',
  'ECONNREFUSED',
  'ETIMEDOUT',
]);
const ENGINE = fields({
  path: PATH,
  sha256: SHA256,
  abi: NUMBER,
  from: oneOf(['pinned', 'signed']),
  signed_by: COUNT,
  issue: ISSUE,
});

export const SETTINGS_SHAPE: Form = fields({
  configDir: PATH,
  agentId: AGENT,
  securityMode: MODE,
  enforce: FLAG,
  policy: PATH,
  policyWatch: FLAG,
  killswitch: PATH,
  resumeRequires: oneOf(['file', 'signed']),
  audit: fields({
    path: PATH,
    urlPath: oneOf(['endpoint', 'raw']),
    durability: oneOf(['write', 'fsync', 'async']),
    rotateBytes: NUMBER,
    rotateDaily: FLAG,
    retention: fields({ keepFiles: NUMBER, keepDays: NUMBER, keepBytes: NUMBER, hold: FLAG }),
    signatures: oneOf(['checkpoint', 'record']),
    headsFile: PATH,
    headsJournal: FLAG,
    headsEvery: NUMBER,
    reserveBytes: NUMBER,
  }),
  stateDir: PATH,
  keysDir: PATH,
  inspectBytes: NUMBER,
  engine: PATH,
  allowBreakGlass: FLAG,
  allowSkip: FLAG,
  allowDisable: FLAG,
  requireSignature: FLAG,
  weakeningGuard: FLAG,
  trustDir: PATH,
  requireSeparation: FLAG,
  operatorsGroup: COUNT,
  daemon: fields({
    socket: PATH,
    agents: each(fields({ id: AGENT, group: COUNT })),
    drainTimeout: NUMBER,
    metrics: fields({ port: NUMBER }),
    records: PATH,
    onLoss: oneOf(['deny', 'local']),
  }),
  egress: fields({
    coverage: oneOf(['report', 'strict']),
    datagrams: oneOf(['report', 'policy', 'deny']),
    names: oneOf(['report', 'policy', 'deny']),
    native: oneOf(['report', 'policy', 'deny']),
    processes: oneOf(['report', 'policy', 'deny']),
  }),
  telemetry: fields({ file: PATH }),
  log: fields({ level: oneOf(LOG_LEVELS), file: PATH }),
});

const CALLS = { allowed: NUMBER, denied: NUMBER, observed: NUMBER, by_code: numbersOf(DECISION_CODES) };
const OUTCOMES = numbersOf(['ok', 'error', 'aborted', 'killed', 'killed_late']);
const COUNTERS: Form = fields({
  ...CALLS,
  outcomes: OUTCOMES,
  reported: fields({ ...CALLS, outcomes: OUTCOMES, records: NUMBER }),
  records: NUMBER,
  unwritten: NUMBER,
  policies_loaded: NUMBER,
  policies_rejected: NUMBER,
  log_bytes: NUMBER,
  checkpoint_age_s: NUMBER,
});

const HEALTH: Form = fields({
  status: STATE,
  version: VERSION,
  uptime_s: NUMBER,
  mode: MODE,
  agents: each(AGENT),
  open_calls: NUMBER,
  counters: COUNTERS,
  policy: fields({ state: STATE, path: PATH, sha256: SHA256, issue: ISSUE, poll_only: FLAG }),
  engine: ENGINE,
  audit: fields({
    state: STATE,
    path: PATH,
    size: NUMBER,
    checkpoint_size: NUMBER,
    last_checkpoint: TIME,
    error: fields({ code: CODE }),
  }),
  break_glass: fields({ agents: COUNT, expires: TIME, signed_by: COUNT }),
  kill: COUNT,
});

export const STATUS_SHAPE: Form = fields({
  ok: FLAG,
  security_mode: MODE,
  enforce: FLAG,
  policy: fields({
    path: PATH,
    changed: TIME,
    rules: NUMBER,
    mode: oneOf(['enforce', 'dry_run']),
    layers: COUNT,
    problem: COUNT,
  }),
  signature: fields({ problem: COUNT }),
  engine: ENGINE,
  kill_switch: fields({ path: PATH, engaged: COUNT, resume_requires: oneOf(['file', 'signed']), latched: COUNT }),
  break_glass: fields({ state: oneOf(['signed', 'refused', 'over']), agents: COUNT, expires: TIME, signed_by: COUNT }),
  logs: each(
    fields({
      path: PATH,
      error: ERRNO,
      size: NUMBER,
      lastTime: TIME,
      checkpoint: fields({ size: NUMBER, time: TIME }),
    }),
  ),
  writable_by_agent: each(fields({ path: PATH })),
  daemon: HEALTH,
  processes: fields({
    stale: NUMBER,
    refused: NUMBER,
    unread: NUMBER,
    living: each(
      fields({
        agent_id: AGENT,
        version: VERSION,
        node: VERSION,
        mode: oneOf(['strict', 'permissive', 'disabled']),
        enforce: FLAG,
        state: STATE,
        policy_sha256: SHA256,
        started: TIME,
        coverage_rule: oneOf(['report', 'strict']),
        coverage: each(
          fields({
            way: oneOf(WAYS),
            state: oneOf(['wrapped', 'seen', 'bypassed', 'unknown']),
            passed: NUMBER,
          }),
        ),
        counters: fields(CALLS),
      }),
      AUDIT_RECORDS,
    ),
  }),
  unseen: each(fields({ path: PATH, error: ERRNO })),
  wrong: COUNT,
  notable: COUNT,
});

export const DOCTOR_SHAPE: Form = fields({
  ok: FLAG,
  counts: fields({ ok: NUMBER, warning: NUMBER, failure: NUMBER, unseen: NUMBER }),
  findings: each(fields({ check: oneOf(CHECKS), grade: oneOf(['ok', 'warning', 'failure', 'unseen']), where: PATH })),
});

const CHECK_ISSUES = each(fields({ code: CODE, line: NUMBER, column: NUMBER }), AUDIT_RECORDS);
export const CHECK_SHAPE: Form = fields({
  ok: FLAG,
  files: each(
    fields({
      file: PATH,
      ok: FLAG,
      rules: NUMBER,
      mode: oneOf(['enforce', 'dry_run']),
      tests: NUMBER,
      errors: CHECK_ISSUES,
      warnings: CHECK_ISSUES,
    }),
  ),
});

/** Types and codes alone. */
export const RECORDS_SHAPE: Form = each(
  fields({
    seq: NUMBER,
    time: TIME,
    type: oneOf([
      ...['log_started', 'segment_opened', 'segment_closed', 'segment_removed', 'decision', 'outcome', 'checkpoint'],
      ...['policy_loaded', 'policy_rejected', 'kill_engaged', 'kill_released', 'engine_loaded', 'engine_rejected'],
      ...['operator_action', 'agent_started', 'agent_stopped', 'recovered', 'clock_jumped', 'records_dropped'],
      ...['key_rotated', 'disk_reserve'],
    ]),
    agent_id: AGENT,
    policy_result: oneOf(['allow', 'deny']),
    enforced: FLAG,
    code: CODE,
    error: CODE,
    matched_rule_kind: oneOf(['allow', 'deny', 'limit', 'default', 'kill_switch', 'system']),
    decision_ns: NUMBER,
    latency_ms: NUMBER,
    status_code: NUMBER,
    reported: FLAG,
  }),
  AUDIT_RECORDS,
);

/** Of operational messages when, how loud and of what; their words may quote anything. */
export const MESSAGES_SHAPE: Form = each(
  fields({ level: NUMBER, time: TIME, event: oneOf(Object.keys(EVENTS)), code: CODE, open_calls: NUMBER }),
  AUDIT_RECORDS,
);

export const MACHINE_SHAPE: Form = fields({
  checkrd: VERSION,
  node: VERSION,
  kernel: VERSION,
  platform: oneOf(['linux', 'darwin']),
  arch: oneOf(['x64', 'arm64']),
  cpus: NUMBER,
  memory_bytes: NUMBER,
  memory_free_bytes: NUMBER,
  uptime_s: NUMBER,
  load: each(NUMBER),
});
